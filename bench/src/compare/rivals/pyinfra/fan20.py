from pyinfra import host
from pyinfra.operations import server

# host.loop, so that all hosts agree on the order of operations that are on one line.
for number in host.loop(range(20)):
    server.shell(name="true {}".format(number + 1), commands=["true"])
