// Read one tile of a PMTiles archive by ranges. Arguments: URL, z, x, y.
import { PMTiles } from "pmtiles";

const [url, ...place] = process.argv.slice(2);
const tile = await new PMTiles(url).getZxy(...place.map(Number));
console.log(JSON.stringify({ tile: Buffer.from(tile.data).toString("hex") }));
