# For node-gyp. CMakeLists.txt, for cmake-js, builds the same. Both take all sources there are, and no option for an
# instruction set: the kernels open their target regions themselves (target.h).
{
  'targets': [
    {
      'target_name': 'simd_activations',
      'sources': [
        '<!@(node -p "[\'.\', \'isa\'].flatMap((d) => fs.readdirSync(d).filter((f) => f.endsWith(\'.cpp\')).map((f) => d + \'/\' + f)).join(\'\\n\')")',
      ],
      'defines': [
        'SIMD_ACTIVATIONS_VERSION="<!(node -p \"require(\'../package.json\').version\")"',
        'NAPI_VERSION=8', 'NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED',
      ],
      'include_dirs!': ['<(node_root_dir)/include/node', '<(node_root_dir)/src', '<(node_root_dir)/deps/uv/include'],
      'cflags': [
        '-O3', '-fPIC', '-fvisibility=hidden', '-fno-math-errno', '-ffp-contract=off',
        '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror',
        '-isystem', '<!(node -p "require(\'node-api-headers\').include_dir")',
        '-isystem', '<!(node -p "path.dirname(require.resolve(\'node-addon-api\'))")',
        # CMakeLists.txt says what for.
        '<!@(${CXX:-g++} -mmove-max=512 -fsyntax-only -xc++ /dev/null 2>/dev/null && echo -mmove-max=512 || :)',
      ],
      'cflags_cc': ['-std=c++17', '-fno-exceptions', '-fno-rtti'],
      'ldflags': [
        '-Wl,-z,nodelete', '-Wl,-z,noexecstack', '-Wl,--gc-sections', '-Wl,--version-script=<(module_root_dir)/exports.map',
      ],
      'libraries': ['-pthread'],
      'xcode_settings': {
        'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
        'GCC_ENABLE_CPP_EXCEPTIONS': 'NO',
        'GCC_ENABLE_CPP_RTTI': 'NO',
        'GCC_OPTIMIZATION_LEVEL': '3',
        'GCC_SYMBOLS_PRIVATE_EXTERN': 'YES',
        'MACOSX_DEPLOYMENT_TARGET': '11.0',
        'OTHER_CFLAGS': [
          '-fno-math-errno', '-ffp-contract=off', '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Werror',
          '-isystem', '<!(node -p "require(\'node-api-headers\').include_dir")',
          '-isystem', '<!(node -p "path.dirname(require.resolve(\'node-addon-api\'))")',
        ],
      },
    },
  ],
}
