"""PyTorch as one of the contenders: see ../peer.mjs for the protocol, and serve.mjs for the same in JavaScript."""
import json
import math
import sys
import time

import torch

aten = torch.ops.aten
NONE, TANH = {'approximate': 'none'}, {'approximate': 'tanh'}
FORMS = {
    'gelu': (aten.gelu, (), NONE),
    'geluTanh': (aten.gelu, (), TANH),
    'silu': (aten.silu, (), {}),
    'mish': (aten.mish, (), {}),
    'softplus': (aten.softplus, (1, 20), {}),
    'geluBackward': (aten.gelu_backward, (), NONE),
    'geluTanhBackward': (aten.gelu_backward, (), TANH),
    'siluBackward': (aten.silu_backward, (), {}),
    'mishBackward': (aten.mish_backward, (), {}),
    'softplusBackward': (aten.softplus_backward, (1, 20), {}),
}
DTYPES = {
    'float32': torch.float32, 'float64': torch.float64, 'float16': torch.float16, 'bfloat16': torch.bfloat16,
}
WARM_UP = 0.02
BATCH = 5e-5


def read(request):
    with open(request['input'], 'rb') as file:
        return torch.frombuffer(bytearray(file.read()), dtype=DTYPES[request['dtype']])


def call(request, x):
    op, values, options = FORMS[request['form']]
    backward = request['form'].endswith('Backward')
    inputs = (torch.ones_like(x), x, *values) if backward else (x, *values)
    out = x if request.get('inPlace') else torch.empty_like(x)
    name = 'grad_input' if backward else 'out'
    if request.get('allocate') or name not in op.overloads():
        allocating = lambda: op.default(*inputs, **options)
        return (lambda: out.copy_(allocating())) if request.get('inPlace') else allocating
    overload, options = getattr(op, name), {**options, name: out}
    return lambda: overload(*inputs, **options)


def repeat(seconds):
    """As in serve.mjs."""
    calls = spent = 0
    begin, cpu = time.perf_counter(), time.process_time()
    while spent < seconds:
        prepared['restore']()
        start = time.perf_counter()
        for _ in range(prepared['batch']):
            prepared['call']()
        spent += time.perf_counter() - start
        calls += prepared['batch']
    cores = (time.process_time() - cpu) / (time.perf_counter() - begin)
    return {'seconds': spent / calls, 'cores': cores}


def describe(_):
    return {
        'name': 'PyTorch', 'version': torch.__version__, 'note': torch.backends.cpu.get_cpu_capability(),
        'forms': [*FORMS], 'threaded': True,
    }


def apply(request):
    y = call(request, read(request))()
    with open(request['output'], 'wb') as file:
        file.write(y.view(torch.uint8).numpy().tobytes())
    return {}


def prepare(request):
    global prepared
    prepared = {}
    torch.set_num_threads(request['threads'])
    x = read(request)
    prepared = {'call': call(request, x), 'batch': 1, 'restore': lambda: None}
    if request.get('inPlace'):
        numbers = x.clone()
        prepared['restore'] = lambda: x.copy_(numbers)
    seconds = repeat(WARM_UP)['seconds']
    if not request.get('inPlace'):
        prepared['batch'] = math.ceil(BATCH / seconds)
    return {}


def measure(request):
    return repeat(request['seconds'])


for line in sys.stdin:
    request = json.loads(line)
    with torch.inference_mode():
        answer = {'describe': describe, 'apply': apply, 'prepare': prepare, 'measure': measure}[request['do']](request)
    print(json.dumps(answer), flush=True)
