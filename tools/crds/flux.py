"""GitRepository and Kustomization: Flux's kinds of the sync loop."""

from tools.crds.schema import (
    Schema,
    array,
    boolean,
    integer,
    obj,
    string,
    string_map,
    strings,
    time,
)

DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"


def duration(description: str) -> Schema:
    """A Go duration such as 1m30s."""
    return string(description, pattern=DURATION)


def local(description: str) -> Schema:
    """An object of the same namespace, by name."""
    return obj(description, {"name": string("Its name.")}, ["name"])


def conditions() -> Schema:
    """Conditions as Kubernetes' own kinds have them."""
    fields = {
        "type": string("What it is about."),
        "status": string("True, False or Unknown.", enum=["True", "False", "Unknown"]),
        "reason": string("One word for the cause."),
        "message": string("The cause in a sentence."),
        "observedGeneration": integer("Generation that it belongs to.", 64),
        "lastTransitionTime": time("When its status last changed."),
    }
    required = ["type", "status", "reason", "message", "lastTransitionTime"]
    return array("Conditions.", obj("One condition.", fields, required))


def include() -> Schema:
    """Files of another repository."""
    fields = {
        "repository": local("GitRepository that has the files."),
        "fromPath": string("Path there (everything if absent)."),
        "toPath": string("Path here (the repository's name if absent)."),
    }
    return obj("One repository.", fields, ["repository"])


def reference() -> Schema:
    """What is checked out."""
    fields = {
        "branch": string("Branch (master if nothing is given)."),
        "tag": string("Tag; goes before branch."),
        "semver": string("Range of tags; goes before tag."),
        "name": string("Full reference; goes before semver."),
        "commit": string("Commit; goes before all others."),
    }
    return obj("What is checked out.", fields)


def artifact(description: str) -> Schema:
    """A fetched state."""
    fields = {
        "revision": string("Reference and commit."),
        "digest": string("Digest of the content."),
        "path": string("Where it is kept."),
        "url": string("Where it is served."),
        "size": integer("Bytes.", 64),
        "lastUpdateTime": time("When it was fetched."),
        "metadata": string_map("What the source notes."),
    }
    return obj(description, fields)


def repository_spec() -> Schema:
    """Which repository, how it is reached and how often."""
    verify = {"mode": string("HEAD, Tag or TagAndHEAD."), "secretRef": local("Secret with public keys.")}
    fields = {
        "url": string("https, ssh or http URL.", pattern=r"^(http|https|ssh)://.*$"),
        "interval": duration("How often it is looked at."),
        "timeout": duration("How long Git may take (60s if absent)."),
        "ref": reference(),
        "secretRef": local("Secret with credentials."),
        "provider": string("Whose credentials: generic, aws, azure or github."),
        "serviceAccountName": string("Service account for workload identity."),
        "proxySecretRef": local("Secret with a proxy."),
        "ignore": string("Files that do not count, in the syntax of .gitignore."),
        "sparseCheckout": strings("Directories that are checked out."),
        "recurseSubmodules": boolean("Fetch submodules too."),
        "include": array("Files of other repositories.", include()),
        "verify": obj("Signatures that must be there.", verify, ["secretRef"]),
        "suspend": boolean("Do nothing for now."),
    }
    return obj("Which repository.", fields, ["interval", "url"])


def git_repository() -> Schema:
    """A GitRepository."""
    status = {
        "artifact": artifact("The last good state."),
        "conditions": conditions(),
        "includedArtifacts": array("States of included repositories.", artifact("One of them.")),
        "lastHandledReconcileAt": string("The last request to reconcile that was served."),
        "observedGeneration": integer("Generation that the status belongs to.", 64),
        "observedIgnore": string("ignore that the artifact was made with."),
        "observedInclude": array("include that the artifact was made with.", include()),
        "observedRecurseSubmodules": boolean("recurseSubmodules that the artifact was made with."),
        "observedSparseCheckout": strings("sparseCheckout that the artifact was made with."),
        "sourceVerificationMode": string("What was verified."),
    }
    return obj("A Git repository.", {"spec": repository_spec(), "status": obj("What was fetched.", status)})


def target(description: str) -> Schema:
    """A choice of objects by regular expressions and selectors."""
    names = ("group", "version", "kind", "name", "namespace", "labelSelector", "annotationSelector")
    return obj(description, {name: string(f"Restricts by {name}.") for name in names})


def building() -> dict[str, Schema]:
    """Fields that change what is built."""
    image = {
        "name": string("Name in the manifests."),
        "newName": string("New name."),
        "newTag": string("New tag."),
        "digest": string("Digest instead of a tag."),
    }
    patch = {"patch": string("Strategic merge or JSON patch, inline."), "target": target("What it changes.")}
    return {
        "path": string("Directory in the source."),
        "targetNamespace": string("Namespace of all objects."),
        "namePrefix": string("Goes before every name."),
        "nameSuffix": string("Goes after every name."),
        "commonMetadata": obj(
            "Added to all objects.",
            {"labels": string_map("Labels by key."), "annotations": string_map("Annotations by key.")},
        ),
        "patches": array("Patches.", obj("One patch.", patch, ["patch"])),
        "images": array("Images that are replaced.", obj("One image.", image, ["name"])),
        "components": strings("Components of kustomize."),
        "ignoreMissingComponents": boolean("Components may be missing."),
        "buildMetadata": strings("Annotations that kustomize leaves."),
        "postBuild": substitution(),
    }


def substitution() -> Schema:
    """Variables."""
    source = {
        "kind": string("ConfigMap or Secret.", enum=["ConfigMap", "Secret"]),
        "name": string("Name of the object."),
        "optional": boolean("It may be missing."),
    }
    fields = {
        "substitute": string_map("Values by variable."),
        "substituteFrom": array("Objects with values.", obj("One object.", source, ["kind", "name"])),
        "substituteStrategy": string("When variables are replaced."),
    }
    return obj("Variables replaced in what was built.", fields)


def health() -> dict[str, Schema]:
    """Fields that say when it is ready."""
    ref = {
        "apiVersion": string("API version of the object."),
        "kind": string("Kind of the object."),
        "name": string("Name of the object."),
        "namespace": string("Namespace of the object."),
    }
    expression = {
        "apiVersion": string("API version of the objects."),
        "kind": string("Kind of the objects."),
        "current": string("CEL: it is ready."),
        "failed": string("CEL: it has failed."),
        "inProgress": string("CEL: it is on its way."),
    }
    return {
        "wait": boolean("All objects must be ready."),
        "healthChecks": array("Objects that must be ready.", obj("One object.", ref, ["kind", "name"])),
        "healthCheckExprs": array("What ready means.", obj("One kind.", expression, ["apiVersion", "current", "kind"])),
    }


def access() -> dict[str, Schema]:
    """Fields that say who applies, and where."""
    secret = {"name": string("Name of the Secret."), "key": string("Key in the Secret.")}
    decryption = {
        "provider": string("sops.", enum=["sops"]),
        "secretRef": local("Secret with keys."),
        "serviceAccountName": string("Service account for workload identity."),
    }
    kubeconfig = {
        "secretRef": obj("Secret with a kubeconfig.", secret, ["name"]),
        "configMapRef": local("ConfigMap with the cluster's address."),
    }
    return {
        "serviceAccountName": string("Service account that applies."),
        "kubeConfig": obj("Another cluster.", kubeconfig),
        "decryption": obj("How encrypted files are read.", decryption, ["provider"]),
    }


def kustomization_spec() -> Schema:
    """Which source, what is built, and how it is applied."""
    dependency = {
        "name": string("Name of the Kustomization."),
        "namespace": string("Its namespace."),
        "readyExpr": string("CEL: it is ready."),
    }
    source = {
        "apiVersion": string("API version of the source."),
        "kind": string("Kind of the source."),
        "name": string("Name of the source."),
        "namespace": string("Namespace of the source."),
    }
    ignored = {"paths": strings("JSON pointers."), "target": target("Objects.")}
    fields = {
        "interval": duration("How often it is applied."),
        "retryInterval": duration("How soon a failure is retried (interval if absent)."),
        "timeout": duration("How long one round may take."),
        "sourceRef": obj("Where the manifests are.", source, ["kind", "name"]),
        "prune": boolean("Delete what is no longer in the source."),
        "deletionPolicy": string("MirrorPrune, Delete, WaitForTermination or Orphan."),
        "force": boolean("Delete and make again what cannot be changed."),
        "suspend": boolean("Do nothing for now."),
        "dependsOn": array("Kustomizations that come first.", obj("One of them.", dependency, ["name"])),
        "ignore": array("Fields that are left alone.", obj("One rule.", ignored, ["paths"])),
        **building(),
        **health(),
        **access(),
    }
    return obj("What is applied.", fields, ["interval", "prune", "sourceRef"])


def kustomization() -> Schema:
    """A Kustomization."""
    entry = {"id": string("namespace_name_group_kind."), "v": string("API version.")}
    past = {
        "digest": string("Digest of what was built."),
        "firstReconciled": time("When it was first applied."),
        "lastReconciled": time("When it was last applied."),
        "lastReconciledDuration": string("How long that took."),
        "lastReconciledStatus": string("How that ended."),
        "totalReconciliations": integer("How often it was applied.", 64),
        "metadata": string_map("Revision and the like."),
    }
    status = {
        "conditions": conditions(),
        "inventory": obj(
            "What was applied.",
            {"entries": array("Objects.", obj("One object.", entry, ["id", "v"]))},
            ["entries"],
        ),
        "history": array("The last states.", obj("One state.", past)),
        "lastAppliedRevision": string("The last revision that was applied."),
        "lastAppliedOriginRevision": string("The same at its origin."),
        "lastAttemptedRevision": string("The last revision that was tried."),
        "lastHandledReconcileAt": string("The last request to reconcile that was served."),
        "observedGeneration": integer("Generation that the status belongs to.", 64),
    }
    return obj("Manifests of a source, applied.", {"spec": kustomization_spec(), "status": obj("What is.", status)})
