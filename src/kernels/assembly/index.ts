// What the module exports; one file a kernel.
export { heapBase } from "./arena";
export { cmykToRgb } from "./cmyk";
export { rgbToSrgb } from "./rgb-to-srgb";
export {
  interleave8,
  interleave16,
  interleaveAlpha,
  blend8,
  blend16,
  blendColour8,
  blendColour16,
  blendAlpha16,
} from "./resample-vertical";
export { filter1, filter3, filter4 } from "./resample-horizontal";
export * from "./resample-light";
export { turn1, turn3, turn4 } from "./turn";
export { accumulate, accumulateAlpha, shrink1, shrink3, shrink4 } from "./resample-shrink";
export * from "./png-filter";
export * from "./png-expand";
export { jpegPrepare, jpegTokenise } from "./jpeg-encode";
export { jpegCode, jpegFinish } from "./jpeg-code";
export { jpegQuantiseRow } from "./jpeg-trellis";
export { jpegEndBand, jpegScanDc, jpegScanFirst, jpegScanRefine } from "./jpeg-scan";
export { jpegSequentialRow } from "./jpeg-sequential";
export { jpegReadCoefficients, jpegReadRow, jpegTransformRow } from "./jpeg-decode-rows";
export { jpegSkip } from "./jpeg-decode-window";
export { jpegWriteRows } from "./jpeg-decode-output";
export { vp8ReadHeader } from "./vp8-decode-header";
export { vp8ReadRow, vp8Start } from "./vp8-decode-rows";
export { vp8WriteRows } from "./vp8-decode-output";
export { vp8Convert } from "./vp8-encode-colour";
export { vp8EncodeRow } from "./vp8-encode-row";
export { vp8Adapt, vp8Settle } from "./vp8-encode-cost";
export {
  vp8CodeField,
  vp8CodeProbabilities,
  vp8CodeTokens,
  vp8FinishCoder,
  vp8StartCoder,
} from "./vp8-encode-code";
export { vp8CodeModes } from "./vp8-encode-modes";
export { vp8Prepare, vp8SetQuantiser } from "./vp8-encode-setup";
export { vp8lReadHeader } from "./vp8l-header";
export { vp8lReadRow, vp8lWritePlane, vp8lWriteRow } from "./vp8l-rows";
export { unfilterPlaneRow } from "./plane-filter";
export { planarToRgb, planeToBytes } from "./planar";
export { alphaCode, alphaPut, alphaTokenise } from "./alpha-encode";
export { adler32, deflateCode, deflateScan, deflateStore } from "./deflate";
