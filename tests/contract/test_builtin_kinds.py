"""Contract: what the server does to the built-in kinds that rollouts touch."""

import base64

import pytest

from rollouts.cluster.errors import InvalidError, TooManyRequestsError
from rollouts.cluster.kinds import DEPLOYMENTS, EVENTS, INGRESSES, JOBS, REPLICA_SETS, SECRETS, SERVICES
from rollouts.cluster.port import Cluster, Json, Resource
from tests.contract.builders import Bench, config_map, config_maps, deployment, deployments, pod, pods
from tests.contract.waiting import until

_BUDGETS = Resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget")


def _service(name: str, **spec: object) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"ports": [{"port": 80}], **spec},
    }


async def test_deployments_have_defaults(cluster: Cluster, namespace: str) -> None:
    """A Deployment gets strategy, limits and the pods' usual settings."""
    body = deployment("a")
    del body["spec"]["replicas"]
    spec = (await deployments(cluster, namespace).create({**body, "spec": {**body["spec"], "paused": True}}))["spec"]

    assert spec["replicas"] == 1
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)
    assert spec["template"]["spec"]["restartPolicy"] == "Always"
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] == 30


@pytest.mark.parametrize(
    ("image", "policy"),
    [("web", "Always"), ("web:latest", "Always"), ("web:1", "IfNotPresent"), ("host:5000/web", "Always")],
)
async def test_containers_have_defaults(cluster: Cluster, namespace: str, image: str, policy: str) -> None:
    """A container's pull policy follows its tag; ports are TCP."""
    body = pod("a", image)
    body["spec"]["containers"][0]["ports"] = [{"containerPort": 80}]
    container = (await pods(cluster, namespace).create(body))["spec"]["containers"][0]

    assert container["imagePullPolicy"] == policy
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert container["terminationMessagePath"] == "/dev/termination-log"


async def test_new_pods_are_pending(cluster: Cluster, namespace: str) -> None:
    """A pod begins Pending, whatever its body says."""
    made = await pods(cluster, namespace).create({**pod("a"), "status": {"phase": "Running"}})

    assert made["status"]["phase"] == "Pending"


async def test_services_get_an_address(cluster: Cluster, namespace: str) -> None:
    """A Service has a cluster IP of its own, which a replace without it keeps."""
    bench = Bench(cluster, SERVICES, namespace)
    one, two = await bench.create(_service("a")), await bench.create(_service("b"))
    after = await cluster.replace(bench.at("a"), _service("a", selector={"x": "y"}))

    assert one["spec"]["clusterIP"] != two["spec"]["clusterIP"]
    assert after["spec"]["clusterIP"] == one["spec"]["clusterIP"]
    assert one["spec"]["type"] == "ClusterIP"
    assert one["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]


async def test_headless_services_have_none(cluster: Cluster, namespace: str) -> None:
    """clusterIP None stays None."""
    made = await Bench(cluster, SERVICES, namespace).create(_service("a", clusterIP="None"))

    assert made["spec"]["clusterIP"] == "None"


async def test_secrets_encode_their_strings(cluster: Cluster, namespace: str) -> None:
    """stringData is stored as data."""
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "stringData": {"x": "y"}}
    made = await Bench(cluster, SECRETS, namespace).create(body)

    assert made["data"] == {"x": base64.b64encode(b"y").decode()}
    assert made["type"] == "Opaque"
    assert "stringData" not in made


@pytest.mark.parametrize("resource", [REPLICA_SETS, DEPLOYMENTS])
async def test_selectors_are_immutable(cluster: Cluster, namespace: str, resource: Resource) -> None:
    """The selector of a ReplicaSet or Deployment never changes."""
    bench = Bench(cluster, resource, namespace)
    await bench.create({**deployment("a"), "kind": resource.kind})
    labels = {"app": "a", "v": "1"}
    change = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}

    with pytest.raises(InvalidError, match=r"spec\.selector: Invalid value.*field is immutable"):
        await bench.merge("a", {"spec": change})


async def test_selector_must_take_the_template(cluster: Cluster, namespace: str) -> None:
    """A workload's selector has to match its own pods."""
    body = deployment("a", selector={"matchLabels": {"app": "other"}})
    with pytest.raises(InvalidError, match="`selector` does not match template `labels`"):
        await deployments(cluster, namespace).create(body)


async def test_containers_have_name_and_image(cluster: Cluster, namespace: str) -> None:
    """A pod without containers, or with a nameless one, is invalid."""
    body = deployment("a")
    body["spec"]["template"]["spec"]["containers"] = [{"image": "web:1"}]
    with pytest.raises(InvalidError, match=r"spec\.template\.spec\.containers\[0\]\.name: Required value"):
        await deployments(cluster, namespace).create(body)
    body["spec"]["template"]["spec"]["containers"] = []
    with pytest.raises(InvalidError, match=r"spec\.template\.spec\.containers: Required value"):
        await deployments(cluster, namespace).create(body)


async def test_jobs_select_their_own_pods(cluster: Cluster, namespace: str) -> None:
    """A Job gets a selector on its uid, labels in its template and defaults, and its template never changes."""
    template = {"spec": {"containers": [{"name": "web", "image": "web:1"}], "restartPolicy": "Never"}}
    bench = Bench(cluster, JOBS, namespace)
    body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}}
    made = await bench.create({**body, "spec": {"suspend": True, "template": template}})
    own = {"batch.kubernetes.io/controller-uid": made["metadata"]["uid"]}

    assert made["spec"]["selector"] == {"matchLabels": own}
    assert own.items() <= made["spec"]["template"]["metadata"]["labels"].items()
    assert made["spec"]["template"]["metadata"]["labels"]["job-name"] == "a"
    assert (made["spec"]["parallelism"], made["spec"]["completions"], made["spec"]["backoffLimit"]) == (1, 1, 6)
    with pytest.raises(InvalidError, match="field is immutable"):
        await bench.merge("a", {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}})


async def test_sealed_config_maps_do_not_change(cluster: Cluster, namespace: str) -> None:
    """`immutable: true` keeps the data as it is."""
    bench = config_maps(cluster, namespace)
    await bench.create({**config_map("a", {"x": "1"}), "immutable": True})

    with pytest.raises(InvalidError, match="field is immutable when `immutable` is set"):
        await bench.merge("a", {"data": {"x": "2"}})


async def test_pods_change_their_images_only(cluster: Cluster, namespace: str) -> None:
    """Of a pod's spec little more than the images can be changed."""
    bench = pods(cluster, namespace)
    await bench.create(pod("a"))
    image = [{"op": "replace", "path": "/spec/containers/0/image", "value": "web:2"}]
    await bench.merge("a", {"metadata": {"labels": {"x": "y"}}})
    after = await bench.json("a", image)

    assert after["spec"]["containers"][0]["image"] == "web:2"
    with pytest.raises(InvalidError, match="pod updates may not change fields other than"):
        await bench.merge("a", {"spec": {"restartPolicy": "Never"}})


async def test_events_are_about_their_own_namespace(cluster: Cluster, namespace: str) -> None:
    """An event stands in the namespace of its object."""
    about = {"kind": "Pod", "namespace": "default", "name": "x"}
    body = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "a"}, "involvedObject": about}
    with pytest.raises(InvalidError, match=r"involvedObject\.namespace"):
        await Bench(cluster, EVENTS, namespace).create(body)


async def test_pending_pods_can_be_evicted(cluster: Cluster, namespace: str) -> None:
    """An eviction deletes the pod; no budget protects one that does not run."""
    bench = pods(cluster, namespace)
    await bench.create(pod("a", labels={"app": "a"}))
    await cluster.evict(bench.at("a"))

    assert "a" not in {obj["metadata"]["name"] for obj in (await cluster.list(bench.collection)).items}


async def test_budgets_forbid_evictions(cluster: Cluster, namespace: str) -> None:
    """A running pod whose budget allows no disruption stays: 429."""
    bench, budgets = pods(cluster, namespace), Bench(cluster, _BUDGETS, namespace)
    spec = {"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}
    body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "a"}, "spec": spec}
    await budgets.create(body)
    await bench.create(pod("a", labels={"app": "a"}))
    running = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    await bench.merge("a", {"status": running}, "status")
    await until(cluster, bench.at("a"), lambda obj: obj["status"]["phase"] == "Running")

    with pytest.raises(TooManyRequestsError, match="violate the pod's disruption budget") as refusal:
        await cluster.evict(bench.at("a"))
    assert refusal.value.status["details"]["causes"][0]["reason"] == "DisruptionBudget"


async def test_ingresses_count_changes_of_their_rules(cluster: Cluster, namespace: str) -> None:
    """An Ingress's generation follows its rules, which are one list to the server, and not its annotations."""
    rules = [{"host": host, "http": {"paths": [_path("web")]}} for host in ("a.example", "b.example")]
    ingresses = Bench(cluster, INGRESSES, namespace)
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "a"},
        "spec": {"rules": rules},
    }
    made = await ingresses.create(body)

    marked = await ingresses.merge("a", {"metadata": {"annotations": {"weight": "20"}}})
    changed = await ingresses.merge("a", {"spec": {"rules": rules[:1]}})

    assert made["status"] == {"loadBalancer": {}}
    assert [obj["metadata"]["generation"] for obj in (made, marked, changed)] == [1, 1, 2]
    assert changed["spec"]["rules"] == rules[:1]


def _path(service: str) -> Json:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    return {"path": "/", "pathType": "Prefix", "backend": backend}
