"""
One OpenStack Swift with its s3api, all in this process: proxy, account, container and object servers on free ports of 127.0.0.1.
What is small lies in the folder that is given, objects lie in memory. Prints "ready PORT".
"""
import os
import sys

import eventlet

eventlet.monkey_patch()

from eventlet import wsgi
from swift.account.server import AccountController
from swift.common import utils
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp
from swift.container.server import ContainerController
from swift.obj.mem_server import ObjectController

folder = sys.argv[1]
utils.HASH_PATH_PREFIX = b'docket'
utils.HASH_PATH_SUFFIX = b'docket'

devices = os.path.join(folder, 'devices')
os.makedirs(os.path.join(devices, 'd0'), exist_ok=True)


def listen():
    return eventlet.listen(('127.0.0.1', 0))


def ring(name, port):
    builder = RingBuilder(2, 1, 0)
    address = {'ip': '127.0.0.1', 'port': port}
    builder.add_dev({
        'id': 0, 'region': 1, 'zone': 1, 'weight': 1, 'device': 'd0', 'meta': '', **address,
        'replication_ip': address['ip'], 'replication_port': port,
    })
    builder.rebalance()
    builder.get_ring().save(os.path.join(folder, name + '.ring.gz'))


class Quiet:
    def write(self, *_):
        pass

    def info(self, *_):
        pass

    debug = warning = error = exception = info


def serve(sock, app):
    eventlet.spawn(wsgi.server, sock, app, Quiet(), debug=False, max_size=512)


conf = {'devices': devices, 'swift_dir': folder, 'mount_check': 'false', 'node_timeout': '20'}
for name, controller in [
    ('account', AccountController), ('container', ContainerController), ('object', ObjectController)]:
    sock = listen()
    ring(name, sock.getsockname()[1])
    serve(sock, controller(conf))

proxy = os.path.join(folder, 'proxy-server.conf')
with open(proxy, 'w') as file:
    file.write(f"""
[DEFAULT]
swift_dir = {folder}
log_level = ERROR

[pipeline:main]
pipeline = catch_errors s3api tempauth slo dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = 20
client_timeout = 20

[filter:catch_errors]
use = egg:swift#catch_errors

[filter:tempauth]
use = egg:swift#tempauth
user_docket_writer = secret .admin

[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = 10000
auth_pipeline_check = false

[filter:slo]
use = egg:swift#slo

[filter:dlo]
use = egg:swift#dlo
""")



class Forgetful:
    """Stands for memcached, which Swift wants to be there."""

    def get(self, *_, **__):
        return None

    set = delete = get

    def incr(self, _, delta=1, **__):
        return delta


def with_cache(app):
    def handle(env, start_response):
        env['swift.cache'] = Forgetful()
        return app(env, start_response)
    return handle


sock = listen()
app = with_cache(loadapp(proxy))
print('ready', sock.getsockname()[1], flush=True)
wsgi.server(sock, app, Quiet(), debug=False, max_size=512)
