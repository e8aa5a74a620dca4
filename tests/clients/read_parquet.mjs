// Read a column of some rows of a Parquet file by ranges. Arguments: URL, column, from, to.
import { asyncBufferFromUrl, parquetReadObjects } from "hyparquet";

const [url, column, from, to] = process.argv.slice(2);
const file = await asyncBufferFromUrl({ url });
const rows = await parquetReadObjects({
  file,
  columns: [column],
  rowStart: Number(from),
  rowEnd: Number(to),
});
console.log(JSON.stringify({ values: rows.map((row) => Number(row[column])) }));
