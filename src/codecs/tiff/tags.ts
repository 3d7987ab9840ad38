/** Names of the fields and values that we read or write (TIFF 6.0; Adobe's technical notes). */
export const TAGS = {
  newSubfileType: 254,
  imageWidth: 256,
  imageLength: 257,
  bitsPerSample: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: 274,
  samplesPerPixel: 277,
  rowsPerStrip: 278,
  stripByteCounts: 279,
  xResolution: 282,
  yResolution: 283,
  planarConfiguration: 284,
  groupThreeOptions: 292,
  resolutionUnit: 296,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileLength: 323,
  tileOffsets: 324,
  tileByteCounts: 325,
  subDirectories: 330,
  inkSet: 332,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  jpegOffset: 513,
  jpegBytes: 514,
  xmp: 700,
  exif: 34_665,
  icc: 34_675,
  gps: 34_853,
  dngVersion: 50_706,
} as const;

export const TYPES = {
  ...{ byte: 1, short: 3, long: 4, rational: 5, undefined: 7, directory: 13 },
  // BigTIFF's
  ...{ long8: 16, directory8: 18 },
} as const;

/** Bytes of one value, by type. */
export const TYPE_BYTES: Readonly<Record<number, number>> = {
  ...{ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4 },
  ...{ 16: 8, 17: 8, 18: 8 },
};

export const PHOTOMETRIC = {
  whiteIsZero: 0,
  blackIsZero: 1,
  rgb: 2,
  palette: 3,
  separated: 5,
  yCbCr: 6,
} as const;

export const COMPRESSION = {
  none: 1,
  modifiedHuffman: 2,
  group3: 3,
  group4: 4,
  lzw: 5,
  jpeg: 7,
  deflate: 8,
  packBits: 32_773,
  oldDeflate: 32_946,
} as const;

export const PREDICTOR = { none: 1, horizontal: 2 } as const;

export const EXTRA_SAMPLE = { unspecified: 0, associatedAlpha: 1, alpha: 2 } as const;

/** Magic number and where the first directory is. */
export const HEADER_BYTES = 8;
export const ENTRY_BYTES = 12;
export const BIG_HEADER_BYTES = 16;
