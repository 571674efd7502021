"""What deployments/ promises: files that parse, names that exist, versions that are fixed."""

import ast
import configparser
import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from packaging.requirements import Requirement

from landmark_core import __version__

ROOT = Path(__file__).parents[2]
HERE = ROOT / "deployments"
README = (HERE / "README.md").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
DOCKERFILE = (HERE / "Dockerfile").read_text(encoding="utf-8")
UNITS = sorted((HERE / "systemd").glob("*.[st]*[er]"))
MANIFESTS = sorted(path for path in (HERE / "kubernetes").glob("*.yaml"))
ENV = (HERE / "landmarks.env.example").read_text(encoding="utf-8")
FILES = sorted(path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc")


def deployments() -> dict[str, dict[str, Any]]:
    text = (HERE / "prefect.yaml").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in yaml.safe_load(text)["deployments"]}


def environment_names() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", ENV, re.MULTILINE))


def test_the_deployments_are_the_ones_that_flows_look_for():
    assert set(deployments()) == {
        "nightly-tagging",
        "archive-backfill",
        "backfill-group",
        "weekly-training",
        "weekly-compaction",
    }
    assert {entry["work_pool"]["name"] for entry in deployments().values()} == {"landmarks"}


@pytest.mark.parametrize("name", deployments())
def test_entrypoints_and_parameters_fit_their_flows(name):
    parameters = pytest.importorskip("flows.parameters", reason="the flows are not here yet")
    module, _, function = deployments()[name]["entrypoint"].rpartition(".")
    source = ROOT / (module.replace(".", "/") + ".py")
    if not source.exists():
        pytest.skip(f"{module} is not here yet")
    # Read, not imported: the flows import torch, which takes seconds.
    (flow,) = [
        node
        for node in ast.parse(source.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name == function
    ]
    assert any("flow" in ast.unparse(decorator) for decorator in flow.decorator_list)
    (argument,) = flow.args.args
    assert argument.arg == "params"
    model = getattr(parameters, ast.unparse(argument.annotation))
    entry = deployments()[name]
    assert issubclass(model, parameters.BaseModel)
    if entry["parameters"]:
        text = json.dumps(entry["parameters"]["params"])
        filled = re.sub(r"\{\{ \$(\w+) \}\}", r"/srv/\1", text)
        model.model_validate_json(filled)  # an unknown or a wrong setting is an error
        if required := [n for n, field in model.model_fields.items() if field.is_required()]:
            assert set(required) <= set(entry["parameters"]["params"])


@pytest.mark.parametrize("name", deployments())
def test_schedules_have_a_zone_and_miss_the_hours_that_clocks_skip(name):
    for schedule in deployments()[name]["schedules"]:
        _minute, hour, *_ = schedule["cron"].split()
        assert not 1 <= int(hour) <= 3
        assert schedule["timezone"] == "{{ $LANDMARK_TIME_ZONE }}"
    zone = re.search(r"^LANDMARK_TIME_ZONE=(\S+)$", ENV, re.MULTILINE)
    assert zone
    assert ZoneInfo(zone[1])


def test_a_second_night_is_cancelled_and_groups_are_not_limited():
    limits = {name: entry["concurrency_limit"] for name, entry in deployments().items()}
    assert limits["nightly-tagging"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert limits["backfill-group"] is None


def test_every_environment_name_is_in_the_example():
    known = environment_names()
    for path in (HERE / "prefect.yaml", HERE / "compose.yaml", *UNITS):
        text = path.read_text(encoding="utf-8")
        used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]+)", text)) - {"VARIANT", "NAME"}
        assert used <= known, path.name


def test_prefect_knows_every_setting_that_is_named():
    from prefect.settings import Settings

    known = set(Settings().to_environment_variables(include_secrets=False)) | {
        "PREFECT_HOME",
        "PREFECT_SERVER_DATABASE_PASSWORD",
    }
    from prefect.settings.legacy import _get_settings_fields

    known |= set(_get_settings_fields(Settings))
    text = "\n".join(path.read_text(encoding="utf-8") for path in FILES)
    named = set(re.findall(r"\bPREFECT_[A-Z_]+[A-Z]\b", text))
    assert len(named) > 10
    assert named <= known


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(HERE).as_posix())
def test_no_moving_tags_and_no_secrets(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r":latest\b", text)
    for name, value in re.findall(
        r"^\W*([A-Z_]*(?:PASSWORD|SECRET|KEY)[A-Z_]*)[=:] *(.*)$", text, re.M
    ):
        assert re.fullmatch(r'|""( #.*)?|\$\{\w+:\?.*\}|""', value), (name, value)


def test_versions_are_the_packages():
    for path in FILES:
        for version in re.findall(r"landmark-tagger:(\d+\.\d+\.\d+)", path.read_text("utf-8")):
            assert version == __version__, path.name
    (tag,) = re.findall(
        r"newTag: (\d+\.\d+\.\d+)-", (HERE / "kubernetes/kustomization.yaml").read_text()
    )
    assert tag == __version__


def stages() -> list[str]:
    return re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def test_the_image_runs_as_nobody_and_says_how_it_is():
    build, run = stages()
    assert re.search(r"^USER 10001:10001$", run, re.MULTILINE)
    assert "HEALTHCHECK" in run
    assert "COPY --from=build" in run
    assert not re.search(r"^RUN.*pip", run, re.MULTILINE)
    # Requirements are installed before any code is copied, so that their layer stays.
    assert build.index("-r requirements.txt") < build.index("COPY landmark_core")


def test_what_the_image_copies_is_let_through_and_exists():
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in ignore
    sources = [
        name
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for name in line.split()[:-1]
    ]
    assert len(sources) >= 7
    for name in sources:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in ignore, name


@pytest.mark.parametrize("extras", ["", "s3", "s3,gs,az,kubernetes"])
def test_the_requirements_of_the_image_are_those_of_the_package(extras):
    command = [
        sys.executable,
        str(HERE / "list_requirements.py"),
        str(ROOT / "pyproject.toml"),
        extras,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    expected = [*project["dependencies"]]
    for extra in filter(None, extras.split(",")):
        expected += project["optional-dependencies"][extra]
    assert [Requirement(line) for line in done.stdout.splitlines()] == [*map(Requirement, expected)]


def test_an_extra_that_does_not_exist_ends_the_build():
    command = [
        sys.executable,
        str(HERE / "list_requirements.py"),
        str(ROOT / "pyproject.toml"),
        "s4",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "s4" in done.stderr


def test_every_extra_of_the_image_is_pinned():
    pins = {
        line.partition("==")[0].lower().replace("_", "-"): line
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in map(Requirement, project["optional-dependencies"]["kubernetes"]):
        assert requirement.name in pins
        assert requirement.specifier.contains(pins[requirement.name].partition("==")[2])


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((HERE / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_compose_listens_on_this_machine_only_and_guards_its_services():
    services = compose()["services"]
    ports = [port for service in services.values() for port in service.get("ports", ())]
    assert ports == ["127.0.0.1:4200:4200"]
    for name in ("server", "deploy", "worker"):
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["build"]["dockerfile"] == "deployments/Dockerfile"
    assert "healthcheck" in services["database"]
    for entry in services.values():  # whoever is waited for can be seen to be ready
        for other, how in entry.get("depends_on", {}).items():
            assert how["condition"] in ("service_healthy", "service_completed_successfully"), other


def test_compose_mounts_photos_read_only_where_they_lie():
    volumes = compose()["services"]["worker"]["volumes"]
    assert (
        "${LANDMARK_SOURCE:?set LANDMARK_SOURCE in landmarks.env}:${LANDMARK_SOURCE}:ro" in volumes
    )


def unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[method-assign, assignment]
    parser.read_string(path.read_text(encoding="utf-8"))
    return parser


SERVICES = [path for path in UNITS if path.suffix == ".service"]


@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_services_run_as_their_own_user_without_rights(path):
    service = dict(unit(path)["Service"])
    assert service["User"] == "landmarks"
    for name, value in {
        "NoNewPrivileges": "true",
        "ProtectSystem": "strict",
        "CapabilityBoundingSet": "",
    }.items():
        assert service[name] == value
    program = Path(service["ExecStart"].split()[0])
    assert program.parent == Path("/opt/landmarks/bin")
    assert program.name in ("prefect", "landmarks")
    assert "ProtectClock" not in service  # it closes all devices, the GPU among them
    if "server" not in path.name:
        assert "PrivateDevices" not in service


def test_systemd_finds_no_fault(tmp_path):
    if subprocess.run(["which", "systemd-analyze"], capture_output=True, check=False).returncode:
        pytest.skip("no systemd-analyze here")
    names = []
    for path in UNITS:
        text = re.sub(r"/opt/landmarks/bin/\w+", "/bin/true", path.read_text(encoding="utf-8"))
        names.append(tmp_path / path.name.replace("@.", "@0."))
        names[-1].write_text(text, encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, names)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.name)
def test_manifests_parse_and_pods_have_no_rights(path):
    for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        assert {"apiVersion", "kind"} <= set(manifest)
        if manifest["kind"] == "Deployment":
            check_pod(manifest["spec"]["template"]["spec"])


def check_pod(pod: dict[str, Any]) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in pod["containers"]:
        guard = container["securityContext"]
        assert guard["allowPrivilegeEscalation"] is False
        assert guard["readOnlyRootFilesystem"] is True
        assert guard["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        mounts = {mount["name"] for mount in container["volumeMounts"]}
        assert mounts <= {volume["name"] for volume in pod["volumes"]}


def test_kustomization_names_every_manifest():
    kustomization = yaml.safe_load((HERE / "kubernetes/kustomization.yaml").read_text())
    others = {"kustomization.yaml", "secrets.example.yaml"}
    assert set(kustomization["resources"]) == {path.name for path in MANIFESTS} - others


def job_template() -> dict[str, Any]:
    text = (HERE / "kubernetes/base-job-template.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def test_the_job_template_explains_each_variable_that_it_uses():
    template = job_template()
    used = set(re.findall(r"\{\{ (\w+) \}\}", json.dumps(template["job_configuration"])))
    variables = template["variables"]["properties"]
    assert used == set(variables)
    assert all("default" in variable and "title" in variable for variable in variables.values())
    assert {"gpus", "memory_limit", "secret_name", "shm_size"} <= used


def test_the_jobs_pod_has_no_rights_and_mounts_what_it_names():
    check_pod(job_template()["job_configuration"]["job_manifest"]["spec"]["template"]["spec"])


@pytest.mark.parametrize("page", [README, OPERATIONS], ids=["README", "operations"])
def test_files_modules_and_deployments_that_a_page_names_exist(page):
    for path in set(re.findall(r"deployments/[\w./@-]+\w", page)):
        assert (ROOT / path).exists(), path
    for name in set(re.findall(r"kubernetes/[\w.-]+\w", page)) - {"kubernetes/secrets.yaml"}:
        assert (HERE / name).exists(), name
    for name in set(re.findall(r"systemctl [\w -]*?(landmarks-[\w@-]+)", page)):
        unit_name = re.sub(r"@\d*$", "@", name)
        assert [path for path in UNITS if path.stem == unit_name], name
    for module in set(re.findall(r"python -m (flows\.\w+)", page)) - {"flows.automations"}:
        assert importlib.util.find_spec(module), module
    for name in set(re.findall(r"\b[a-z-]+/((?:nightly|weekly|archive|backfill)-\w+)\b", page)):
        assert name in deployments(), name


WITH_ACTIONS = {"backfill", "models"}


@pytest.mark.parametrize("page", [README, OPERATIONS], ids=["README", "operations"])
def test_commands_and_options_that_a_page_names_exist(page, capsys):
    from landmark_core.cli import build_parser

    for name, options in re.findall(r"^(?:\S*/)?landmarks (\w+)(.*)$", page, re.MULTILINE):
        action = options.split()[:1] if name in WITH_ACTIONS else []
        with pytest.raises(SystemExit, match="0"):
            build_parser().parse_args([name, *action, "--help"])
        text = capsys.readouterr().out
        for option in re.findall(r"--[a-z-]+", options):
            assert option in text, (name, option)
