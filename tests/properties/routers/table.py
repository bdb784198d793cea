"""Every provider's specimen, by its name in the registry. A provider without a row fails the first property."""

from collections.abc import Mapping

from tests.properties.routers import alb, apisix, appmesh, gatewayapi, istio, nginx, own, traefik
from tests.properties.routers.specimen import Specimen

SPECIMENS: Mapping[str, Specimen] = {
    "alb": alb.SPECIMEN,
    "ambassador": own.AMBASSADOR,
    "appMesh": appmesh.SPECIMEN,
    "apisix": apisix.SPECIMEN,
    "gatewayAPI": gatewayapi.SPECIMEN,
    **gatewayapi.KINDS,
    "istio": istio.SPECIMEN,
    "nginx": nginx.SPECIMEN,
    "smi": own.SMI,
    "traefik": traefik.SPECIMEN,
}
