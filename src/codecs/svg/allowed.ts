/** What of an SVG is kept: everything else, scripts and handlers first of all, is not copied. */

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/).filter(Boolean));

/** Elements that draw, define what is drawn, or say what it is. */
export const ELEMENTS = words(`
  svg g defs symbol use switch a title desc style
  path rect circle ellipse line polyline polygon image
  text tspan tref textPath
  linearGradient radialGradient stop pattern clipPath mask marker
  filter feBlend feColorMatrix feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting
  feDisplacementMap feDistantLight feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR
  feGaussianBlur feImage feMerge feMergeNode feMorphology feOffset fePointLight
  feSpecularLighting feSpotLight feTile feTurbulence`);

/** Those of CSS, which are attributes as well. */
export const PROPERTIES = words(`
  alignment-baseline baseline-shift clip clip-path clip-rule color color-interpolation
  color-interpolation-filters color-rendering direction display dominant-baseline
  enable-background fill fill-opacity fill-rule filter flood-color flood-opacity font font-family
  font-size font-size-adjust font-stretch font-style font-variant font-weight
  glyph-orientation-horizontal glyph-orientation-vertical image-rendering isolation kerning
  letter-spacing lighting-color line-height marker marker-end marker-mid marker-start mask
  mask-type mix-blend-mode opacity overflow paint-order shape-rendering stop-color stop-opacity
  stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin stroke-miterlimit
  stroke-opacity stroke-width text-anchor text-decoration text-orientation text-rendering
  transform transform-origin unicode-bidi vector-effect visibility white-space word-spacing
  writing-mode`);

/** Those of elements alone. */
export const ATTRIBUTES = words(`
  id class style x y x1 y1 x2 y2 cx cy r rx ry fx fy fr dx dy d points width height viewBox
  preserveAspectRatio version pathLength gradientUnits gradientTransform spreadMethod offset
  patternUnits patternContentUnits patternTransform clipPathUnits maskUnits maskContentUnits
  markerUnits markerWidth markerHeight refX refY orient rotate textLength lengthAdjust
  startOffset method spacing side filterUnits primitiveUnits in in2 result type values mode
  operator k1 k2 k3 k4 tableValues slope intercept amplitude exponent order kernelMatrix divisor
  bias targetX targetY edgeMode kernelUnitLength preserveAlpha surfaceScale diffuseConstant
  specularConstant specularExponent azimuth elevation z pointsAtX pointsAtY pointsAtZ
  limitingConeAngle scale xChannelSelector yChannelSelector stdDeviation radius baseFrequency
  numOctaves seed stitchTiles systemLanguage lang xml:lang xml:space`);

/** Whose `href` may be a picture in the file itself. */
export const PICTURE_ELEMENTS = words("image feImage");
