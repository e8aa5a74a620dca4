// Read the text of one page of a PDF by ranges. Arguments: URL, page.
import { getDocument } from "pdfjs-dist/legacy/build/pdf.mjs";

const [url, page] = process.argv.slice(2);
const loading = getDocument({
  url,
  disableAutoFetch: true,
  disableStream: true,
  rangeChunkSize: 65536,
  verbosity: 0,
});
const pdf = await loading.promise;
const content = await (await pdf.getPage(Number(page))).getTextContent();
console.log(JSON.stringify({ pages: pdf.numPages, text: content.items.map((i) => i.str).join("") }));
await loading.destroy();
