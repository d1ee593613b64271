/** Not imported: for all the names that the module exports Node would load undici too, which costs 13 ms and 3 MB. */
export const { createServer, request } = process.getBuiltinModule('node:http');
