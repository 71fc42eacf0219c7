# Compresses what Debian wants compressed, in the package's tree. gzip -n leaves out name and time: the same bytes give the
# same file.
set(tree ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/usr/share)
file(GLOB_RECURSE documents ${tree}/man/*.[1-8] ${tree}/doc/*/changelog ${tree}/doc/*/changelog.Debian)
execute_process(COMMAND gzip -9nf ${documents} COMMAND_ERROR_IS_FATAL ANY)
