// Read a window of a GeoTIFF by ranges. Arguments: URL, left, top, right, bottom.
import { fromUrl } from "geotiff";

const [url, ...window] = process.argv.slice(2);
const tiff = await fromUrl(url);
const image = await tiff.getImage();
const rasters = await image.readRasters({ window: window.map(Number) });
console.log(JSON.stringify({ width: image.getWidth(), pixels: Array.from(rasters[0]) }));
