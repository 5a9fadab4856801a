"""What a user of Fabric would write: a thread for each host, no facts, a guard where a second run would fail."""

import os

from fabric import Config, Connection, ThreadingGroup, task
from paramiko import HostKeys, RejectPolicy

LOG = "/var/log/weftwork.log"
FILE = "/home/weftwork/test_file.txt"


def group():
    port = int(os.environ["COMPARE_PORT"])
    # As with "ssh -F none".
    config = Config(overrides={"load_ssh_configs": False})
    # Fabric accepts any host key unless told otherwise. Here it checks, as all others do. The file is read once, not
    # once for each host.
    known = HostKeys(os.environ["COMPARE_KNOWN_HOSTS"])
    connections = []
    with open(os.environ["COMPARE_HOSTS"], encoding="utf-8") as hosts:
        for line in hosts:
            _, address, login = line.split()
            connection = Connection(
                address,
                user=login,
                port=port,
                config=config,
                connect_kwargs={
                    "key_filename": os.environ["COMPARE_KEY"],
                    "allow_agent": False,
                    "look_for_keys": False,
                },
            )
            name = "[{}]:{}".format(address, port)
            for kind, key in (known.lookup(name) or {}).items():
                connection.client.get_host_keys().add(name, kind, key)
            connection.client.set_missing_host_key_policy(RejectPolicy())
            connections.append(connection)
    return ThreadingGroup.from_connections(connections)


@task
def deploy4(_):
    with group() as hosts:
        hosts.run(
            "id -u weftwork > /dev/null 2>&1"
            " || useradd -m -U -d /home/weftwork -s /bin/bash weftwork",
            hide=True,
        )
        hosts.run("[ -e {0} ] || : > {0}; chown weftwork:weftwork {0} && chmod 777 {0}".format(LOG), hide=True)
        hosts.put(os.environ["COMPARE_FILE"], FILE)
        hosts.run("chown weftwork:weftwork {0} && chmod 644 {0}".format(FILE), hide=True)
        hosts.run('echo "hi!"', hide=True)


@task
def fan20(_):
    with group() as hosts:
        for _ in range(20):
            hosts.run("true", hide=True)
