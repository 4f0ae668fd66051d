# SPDX-License-Identifier: Apache-2.0
"""A rendered task definition as containers of a real engine, the way Fargate would run them: limits
on a group around the containers, a link-local metadata endpoint, Cloud Map's names, secrets from
elsewhere. What of a definition this does not know how to honour is an error, never ignored."""
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import resource
import socket
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/containers"))
from engine import docker, inspect, run, skip  # noqa: E402

METADATA = "169.254.170.2"
SECOND = 1_000_000_000
CGROUPS = pathlib.Path("/sys/fs/cgroup")


class Api(http.client.HTTPConnection):
    """The engine's own interface: only it takes a health check without a shell."""

    def __init__(self):
        super().__init__("engine", timeout=60)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://"))


def api(method, path, body=None):
    connection = Api()
    connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    text = answer.read()
    assert answer.status < 300, f"{method} {path}: {answer.status} {text.decode()}"
    return json.loads(text) if text else None


def health_check(wanted):
    return {"Test": wanted["command"], "Interval": wanted["interval"] * SECOND, "Timeout": wanted["timeout"] * SECOND,
            "Retries": wanted["retries"], "StartPeriod": wanted.get("startPeriod", 0) * SECOND}


TOLD = set()


def limits(wanted):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    found = []
    for one in wanted:
        if one["hardLimit"] > hard != resource.RLIM_INFINITY and one["name"] not in TOLD:
            TOLD.add(one["name"])
            skip(f"{one['name']} {one['hardLimit']}", f"this machine allows {hard}, which is what the container gets")
        found.append({"Name": one["name"], "Soft": min(one["softLimit"], hard), "Hard": min(one["hardLimit"], hard)})
    return found


# Of a container definition, what becomes of each key. Missing here: the test stops.
ELSEWHERE = {"name", "image", "essential", "portMappings", "dependsOn", "secrets", "logConfiguration", "mountPoints"}


def honoured(container, image, secrets, volumes, parent, network, names):
    """The engine's words for a container definition."""
    body = {"Image": image, "Env": [], "HostConfig": {"NetworkMode": network, "LogConfig": {"Type": "json-file"}},
            "NetworkingConfig": {"EndpointsConfig": {network: {"Aliases": names}}}}
    host = body["HostConfig"]
    if parent:
        host["CgroupParent"] = parent
    for key, value in container.items():
        if key == "user":
            body["User"] = value
        elif key == "readonlyRootFilesystem":
            host["ReadonlyRootfs"] = value
        elif key == "linuxParameters":
            assert set(value) <= {"capabilities", "initProcessEnabled"}, value
            host["CapDrop"] = value.get("capabilities", {}).get("drop", [])
            host["Init"] = value.get("initProcessEnabled", False)
        elif key == "systemControls":
            host["Sysctls"] = {one["namespace"]: one["value"] for one in value}
        elif key == "ulimits":
            host["Ulimits"] = limits(value)
        elif key == "environment":
            body["Env"] += [f"{one['name']}={one['value']}" for one in value]
        elif key == "healthCheck":
            body["Healthcheck"] = health_check(value)
        elif key == "stopTimeout":
            body["StopTimeout"] = value
        else:
            assert key in ELSEWHERE, f"this test does not know what Fargate makes of {key}"
    body["Env"] += [f"{one['name']}={secrets[one['valueFrom']]}" for one in container.get("secrets", [])]
    host["Mounts"] = [{"Type": "volume", "Source": volumes[m["sourceVolume"]], "Target": m["containerPath"], "ReadOnly": m["readOnly"]}
                      for m in container.get("mountPoints", [])]
    return body


class Estate:
    """A network with the names of Cloud Map, and the metadata endpoint that tasks find at their
    link-local address. Everything in it ends with it."""

    def __init__(self):
        self.name = f"gwaws{os.getpid()}"
        self.containers, self.volumes, self.groups, self.asked = [], [], [], []
        self.tasks = {}
        self.undo = contextlib.ExitStack()

    def __enter__(self):
        docker("network", "create", self.name)
        self.undo.callback(docker, "network", "rm", self.name)
        link = f"{self.name}-metadata"
        docker("network", "create", "--internal", "--subnet", "169.254.170.0/24", "--gateway", METADATA, link)
        self.undo.callback(docker, "network", "rm", link)
        self.serve_metadata()
        return self

    def __exit__(self, *failure):
        for one in self.containers:
            if failure[0]:
                print(run("docker", "logs", "--tail", "15", one, check=False).stderr, flush=True)
            run("docker", "rm", "-f", "-v", one, check=False)
        for one in self.volumes:
            run("docker", "volume", "rm", "-f", one, check=False)
        for one in self.groups:
            with contextlib.suppress(OSError):
                one.rmdir()
        self.undo.close()

    def serve_metadata(self):
        estate = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                estate.asked.append(self.path)
                found = estate.metadata(self.path)
                text = json.dumps(found or {"error": "not found"}).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer((METADATA, 80), Answer)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.undo.callback(server.server_close)
        self.undo.callback(server.shutdown)

    def metadata(self, path):
        """What version 4 of the endpoint says of a container, or of its task."""
        parts = path.strip("/").split("/")
        if len(parts) < 2 or parts[0] != "v4" or parts[1] not in self.tasks:
            return None
        task = self.tasks[parts[1]]
        return task if parts[2:] == ["task"] else task["Containers"][0] if len(parts) == 2 else None

    def group(self, task, definition):
        """The task's own control group, outside of what its containers see, as on Fargate."""
        if docker("info", "-f", "{{.CgroupDriver}} {{.CgroupVersion}}") != "cgroupfs 1" or not os.access(CGROUPS / "memory", os.W_OK):
            skip("the task's limits", "they need control groups of version 1 and root")
            return None
        for controller, file, value in (("cpu", "cpu.cfs_quota_us", int(definition["cpu"]) * 100_000 // 1024),
                                        ("memory", "memory.limit_in_bytes", int(definition["memory"]) << 20)):
            folder = (CGROUPS / controller).resolve() / task
            folder.mkdir(exist_ok=True)
            self.groups.append(folder)
            (folder / file).write_text(str(value))
        return f"/{task}"

    def start(self, definition, images, secrets=None, revision=1, names=None):
        """Starts a task; returns its container's ID."""
        task = f"{self.name}-{definition['family']}-{len(self.tasks)}"
        [container] = [c for c in definition["containerDefinitions"] if c["name"] in images]
        volumes = {v["name"]: f"{task}-{v['name']}" for v in definition.get("volumes", [])}
        self.volumes += volumes.values()
        family = definition["family"]
        self.tasks[task] = {
            "Cluster": "arn:aws:ecs:us-east-1:123456789012:cluster/lauv-prod-cluster",
            "TaskARN": f"arn:aws:ecs:us-east-1:123456789012:task/lauv-prod-cluster/{task}", "Family": family,
            "Revision": str(revision), "ServiceName": f"{family}-service", "DesiredStatus": "RUNNING", "KnownStatus": "RUNNING",
            "Limits": {"CPU": int(definition["cpu"]) / 1024, "Memory": int(definition["memory"])},
            "AvailabilityZone": "us-east-1a", "LaunchType": "FARGATE",
            "Containers": [{"DockerId": task, "Name": container["name"], "Image": container["image"]}],
        }
        body = honoured(container, images[container["name"]], secrets or {}, volumes, self.group(task, definition),
                        self.name, names if names is not None else [f"{container['name']}-service.local"])
        body["Env"] += [f"ECS_CONTAINER_METADATA_URI_V4=http://{METADATA}/v4/{task}", "AWS_EXECUTION_ENV=AWS_ECS_FARGATE",
                        "AWS_REGION=us-east-1"]
        made = api("POST", f"/containers/create?name={task}", body)["Id"]
        self.containers.append(made)
        docker("network", "connect", f"{self.name}-metadata", made)
        docker("start", made)
        return made

    def address(self, container):
        return json.loads(inspect(container, "json .NetworkSettings.Networks"))[self.name]["IPAddress"]
