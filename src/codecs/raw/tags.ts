/** Names of the fields and values of what a sensor saw (DNG 1.7; TIFF/EP). */
export const RAW_TAGS = {
  cfaRepeatPatternDim: 33_421,
  cfaPattern: 33_422,
  linearizationTable: 50_712,
  blackLevelRepeatDim: 50_713,
  blackLevel: 50_714,
  blackLevelDeltaH: 50_715,
  blackLevelDeltaV: 50_716,
  whiteLevel: 50_717,
  defaultCropOrigin: 50_719,
  defaultCropSize: 50_720,
  colorMatrix1: 50_721,
  colorMatrix2: 50_722,
  cameraCalibration1: 50_723,
  cameraCalibration2: 50_724,
  analogBalance: 50_727,
  asShotNeutral: 50_728,
  asShotWhiteXy: 50_729,
  calibrationIlluminant1: 50_778,
  calibrationIlluminant2: 50_779,
  activeArea: 50_829,
  opcodeList2: 51_009,
} as const;

export const RAW_PHOTOMETRIC = { cfa: 32_803, linearRaw: 34_892 } as const;

/** JPEG as TIFF had it first: what cameras mean by it is a plain JPEG file. */
export const OLD_JPEG = 6;
/** Lossy JPEG of sensor data. */
export const LOSSY_JPEG = 34_892;
