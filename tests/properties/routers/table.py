"""Every provider's specimen, by its name in the registry. A provider without a row fails the first property."""

from collections.abc import Mapping

from tests.properties.routers import gatewayapi
from tests.properties.routers.specimen import Specimen

SPECIMENS: Mapping[str, Specimen] = {
    "gatewayAPI": gatewayapi.SPECIMEN,
}
