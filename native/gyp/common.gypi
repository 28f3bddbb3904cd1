# The directory that `node-gyp --nodedir` is given in place of Node's headers, which it would download. The addon takes
# the headers of Node-API from the package node-api-headers; all that node-gyp wants besides is this file.
{
  'variables': {
    'visibility%': 'hidden',
    'library%': 'static_library',
    'component%': 'static_library',
    'python%': 'python3',
  },
  'target_defaults': {
    'default_configuration': 'Release',
    'configurations': {'Release': {}, 'Debug': {}},
  },
}
