// The package `send` behind Node's own server: `node send.js FOLDER PORT`.
const http = require("node:http");
const send = require("send");

const [root, port] = process.argv.slice(2);
http
  .createServer((request, response) => send(request, new URL(request.url, "http://h").pathname, { root }).pipe(response))
  .listen(Number(port), "127.0.0.1");
