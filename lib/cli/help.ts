/** What `--help` prints. */
export const HELP = `Usage: simd-activations FUNCTION INPUT OUTPUT [options]

Applies an activation function to every number of a file, whatever its size.

  simd-activations gelu hidden.npy activated.npy
  simd-activations silu model.safetensors model.safetensors --tensor layer.0.bias
  simd-activations softplus data.bin out.bin --dtype float32 --beta 2
  cat x.npy | simd-activations mish - - --format npy > y.npy

FUNCTION     gelu, silu (or swish), mish, softplus
INPUT        a .npy or .safetensors file, or raw little-endian numbers; - is standard input
OUTPUT       a file of the same format, which may be the input itself; - is standard output.
             It appears when it is complete; until then, what was there stays.

Options
  --approximate tanh   gelu's other form; default: none
  --beta B             softplus's beta (--beta=-2 if negative); default: 1
  --threshold T        softplus's threshold; default: 20
  --backward GRAD      computes GRAD times the derivative at INPUT; GRAD is a file like INPUT
  --tensor NAME        of a .safetensors file, only this tensor (may be repeated); default: all of floats
  --dtype TYPE         float32, float64, float16 or bfloat16: what raw numbers are,
                       or the 16-bit numbers that .npy has no name for
  --format FORMAT      npy, safetensors or raw; default: by the files' names
  --threads N          default: as many as the process may use
  --shard I/N          computes the I-th of N parts. Run all N, in any order, in any number of
                       processes; the last one makes OUTPUT
  --resume             goes on where the same command with --resume was interrupted
  --json               prints a summary as JSON to standard output
  --quiet              prints nothing but errors

Other commands
  simd-activations info [--json]   what computes here: instruction sets, threads
  simd-activations bench           compares native code with JavaScript (in a clone of the project)
  simd-activations --help, --version

Exit codes
  0   done
  1   reading, writing or computing failed
  2   the command line or a file is wrong; no file was written
`;
