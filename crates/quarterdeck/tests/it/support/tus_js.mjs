// Uploads a file with tus-js-client, as its documentation says, and prints the upload's address.
//   node tus_js.mjs WEB ENDPOINT FILE NAME plain|cut|parallel|parallel-cut|deferred      (the token in TOKEN)
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { PassThrough } from "node:stream";

const [web, endpoint, file, name, mode] = process.argv.slice(2);
const tus = createRequire(path.join(web, "package.json"))("tus-js-client");
const size = fs.statSync(file).size;
const isParallel = mode.startsWith("parallel");

function upload(settled, more = {}) {
  const stream = fs.createReadStream(file);
  // Of a stream that is no file's, nobody knows the length.
  return new tus.Upload(mode === "deferred" ? stream.pipe(new PassThrough()) : stream, {
    endpoint,
    headers: { Authorization: `Bearer ${process.env.TOKEN}` },
    metadata: { filename: name, kind: "mesh" },
    chunkSize: 700_001,
    retryDelays: [100, 200, 500, 1000, 1000, 2000, 2000, 2000],
    urlStorage: new tus.FileUrlStorage(`${file}.urls`),
    ...(isParallel ? { parallelUploads: 4 } : { uploadSize: size }),
    ...(mode === "deferred" ? { uploadLengthDeferred: true, uploadSize: undefined } : {}),
    onError: settled.reject,
    onSuccess: settled.resolve,
    ...more,
  });
}

function later() {
  const settled = {};
  settled.promise = new Promise((resolve, reject) => Object.assign(settled, { resolve, reject }));
  return settled;
}

const done = later();
if (mode.endsWith("cut")) {
  // The connection is cut in the middle of a chunk, and another run of the program goes on.
  const cut = later();
  const first = upload(cut, { onProgress: (sent) => sent > size / 2 && cut.resolve() });
  first.start();
  await cut.promise;
  await first.abort();
}
const last = upload(done);
const [previous] = await last.findPreviousUploads();
if (mode.endsWith("cut") && !previous) throw new Error("nothing to resume");
if (previous) last.resumeFromPreviousUpload(previous);
last.start();
await done.promise;
console.log(last.url);
