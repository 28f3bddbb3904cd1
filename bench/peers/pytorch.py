"""PyTorch as a peer of the benchmarks: see ../peer.mjs for the protocol."""
import json
import sys
import time

import torch

aten = torch.ops.aten
FORWARD = {
    'gelu': lambda x, out: aten.gelu.out(x, approximate='none', out=out),
    'geluTanh': lambda x, out: aten.gelu.out(x, approximate='tanh', out=out),
    'silu': lambda x, out: aten.silu.out(x, out=out),
    'mish': lambda x, out: aten.mish.out(x, out=out),
    'softplus': lambda x, out: aten.softplus.out(x, 1, 20, out=out),
}
BACKWARD = {
    'geluBackward': lambda g, x, out: aten.gelu_backward.grad_input(g, x, approximate='none', grad_input=out),
    'geluTanhBackward': lambda g, x, out: aten.gelu_backward.grad_input(g, x, approximate='tanh', grad_input=out),
    'siluBackward': lambda g, x, out: aten.silu_backward.grad_input(g, x, grad_input=out),
    'mishBackward': lambda g, x, out: aten.mish_backward(g, x),
    'softplusBackward': lambda g, x, out: aten.softplus_backward.grad_input(g, x, 1, 20, grad_input=out),
}
DTYPES = {
    'float32': torch.float32, 'float64': torch.float64, 'float16': torch.float16, 'bfloat16': torch.bfloat16,
}


def read(request):
    with open(request['input'], 'rb') as file:
        return torch.frombuffer(bytearray(file.read()), dtype=DTYPES[request['dtype']])


def call(request, x):
    form = request['form']
    out = x if request.get('inPlace') else torch.empty_like(x)
    if form in FORWARD:
        return lambda: FORWARD[form](x, out)
    g = torch.ones_like(x)
    return lambda: BACKWARD[form](g, x, out)


def describe(_):
    capability = torch.backends.cpu.get_cpu_capability()
    return {'name': 'PyTorch', 'version': torch.__version__, 'note': capability, 'forms': [*FORWARD, *BACKWARD]}


def apply(request):
    y = call(request, read(request))()
    with open(request['output'], 'wb') as file:
        file.write(y.view(torch.uint8).numpy().tobytes())
    return {}


def prepare(request):
    global prepared
    torch.set_num_threads(request['threads'])
    prepared = call(request, read(request))
    prepared()
    return {}


def measure(request):
    """Seconds a call, over enough calls for the time asked for."""
    start = time.perf_counter()
    calls = 0
    while True:
        prepared()
        calls += 1
        elapsed = time.perf_counter() - start
        if elapsed >= request['seconds']:
            return {'seconds': elapsed / calls}


for line in sys.stdin:
    request = json.loads(line)
    with torch.inference_mode():
        answer = {'describe': describe, 'apply': apply, 'prepare': prepare, 'measure': measure}[request['do']](request)
    print(json.dumps(answer), flush=True)
