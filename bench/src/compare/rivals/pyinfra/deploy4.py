import os

from pyinfra.operations import files, server

server.user(
    name="user",
    user="weftwork",
    home="/home/weftwork",
    shell="/bin/bash",
    create_home=True,
)

files.file(
    name="log file",
    path="/var/log/weftwork.log",
    user="weftwork",
    group="weftwork",
    mode="777",
)

files.put(
    name="copied file",
    src=os.environ["COMPARE_FILE"],
    dest="/home/weftwork/test_file.txt",
    user="weftwork",
    group="weftwork",
    mode="644",
)

server.shell(
    name="echo",
    commands=['echo "hi!"'],
)
