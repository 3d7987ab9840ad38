/** XML to events: as much of it as SVG files hold, in one pass, without building a tree. */
import { AppError } from "../../errors.ts";
import { createExpand, type Expand } from "./entities.ts";

export interface XmlReceiver {
  /** Names as they are written, with prefixes. Values are expanded. */
  start(name: string, attributes: ReadonlyMap<string, string>): void;
  end(): void;
  text(text: string): void;
}

const damaged = (what: string): AppError =>
  new AppError("invalid_image", `The SVG is damaged: ${what}.`);

const endsEarly = (): AppError => new AppError("truncated_image", "The SVG ends too early.");

const ATTRIBUTE = /\s+([^\s=>/"'<]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const TAG_END = /\s*(\/?)>/y;
const NAME = /[^\s/>"'=<]+/y;
const DOCTYPE = /<!DOCTYPE(?:[^[>"']|"[^"]*"|'[^']*')*(?:\[((?:[^\]"']|"[^"]*"|'[^']*')*)\]\s*)?>/y;

/** @throws AppError invalid_image, truncated_image, unsupported_feature */
export function readXml(source: string, receiver: XmlReceiver): void {
  let expand: Expand = createExpand("");
  const open: string[] = [];
  let hasRoot = false;
  const isDone = (): boolean => hasRoot && open.length === 0;
  let at = 0;

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const skipTo = (mark: string): string => {
    const end = source.indexOf(mark, at);
    if (end < 0) throw endsEarly();
    const skipped = source.slice(at, end);
    at = end + mark.length;
    return skipped;
  };
  const readStart = (): void => {
    at++;
    const name = match(NAME)?.[0];
    if (name === undefined) throw at >= source.length ? endsEarly() : damaged("a tag has no name");
    const attributes = new Map<string, string>();
    for (let found = match(ATTRIBUTE); found; found = match(ATTRIBUTE)) {
      attributes.set(found[1] ?? "", expand(found[2] ?? found[3] ?? ""));
    }
    const end = match(TAG_END);
    if (!end) throw source.indexOf(">", at) < 0 ? endsEarly() : damaged(`the tag <${name}>`);
    hasRoot = true;
    receiver.start(name, attributes);
    if (end[1] === "/") receiver.end();
    else open.push(name);
  };
  const readEnd = (): void => {
    at += 2;
    const name = skipTo(">").trim();
    if (open.pop() !== name) throw damaged(`</${name}> closes another tag`);
    receiver.end();
  };

  while (at < source.length && !isDone()) {
    const next = source.indexOf("<", at);
    if (next < 0) break;
    if (next > at && open.length > 0) receiver.text(expand(source.slice(at, next)));
    at = next;
    if (source.startsWith("<!--", at)) {
      at += 4;
      skipTo("-->");
    } else if (source.startsWith("<![CDATA[", at)) {
      at += 9;
      receiver.text(skipTo("]]>"));
    } else if (source.startsWith("<?", at)) skipTo("?>");
    else if (source.startsWith("<!", at)) {
      const found = open.length === 0 ? match(DOCTYPE) : null;
      if (!found) throw damaged("a declaration is not understood");
      expand = createExpand(found[1] ?? "");
    } else if (source.startsWith("</", at)) readEnd();
    else readStart();
  }
  if (!isDone()) throw endsEarly();
}
