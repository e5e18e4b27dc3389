import { ChevronRight } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { Button } from "./button";
import { CopyButton } from "./copy";
import { cx } from "./cx";
import { bytes, number, plural } from "./format";
import { type Json, readJson, writeJson } from "./json";
import { Card } from "./page";

/** Entries of one object or array that are shown at once. */
const ENTRIES = 100;
/** Characters of one text that are shown at once. */
const CHARACTERS = 500;
/** Levels that are open at first, where there are not too many entries. */
const OPEN_LEVELS = 2;
const OPEN_ENTRIES = 30;

/** JSON of strangers as a tree: as text alone, and never more of it at once than a page can bear. */
export function JsonCard({ title, text, empty }: { title: string; text: string; empty: string }) {
  const json = useMemo(() => readJson(text), [text]);
  const [raw, setRaw] = useState(false);
  const nothing = text === "" || (json?.kind === "object" && json.entries.length === 0);
  return (
    <Card
      title={
        <>
          {title}
          {text && (
            <span className="ml-2 font-normal text-faint">
              {bytes(new TextEncoder().encode(text).length)}
            </span>
          )}
        </>
      }
      actions={
        text && (
          <>
            {json && !nothing && (
              <Button look="quiet" className="h-7 px-2" aria-pressed={raw} onClick={() => setRaw(!raw)}>
                Raw
              </Button>
            )}
            <CopyButton label={`Copy ${title.toLowerCase()}`} text={() => text} />
          </>
        )
      }
    >
      <div className="overflow-x-auto font-mono text-[0.9rem]">
        {nothing ? (
          <p className="font-sans text-faint">{empty}</p>
        ) : json && !raw ? (
          <Node json={json} depth={0} />
        ) : (
          <LongText text={json ? writeJson(json) : text} most={20_000} pre />
        )}
      </div>
    </Card>
  );
}

function Node({ json, depth, name }: { json: Json; depth: number; name?: ReactNode }) {
  if (json.kind === "plain")
    return <Leaf name={name} value={<span className="text-running">{json.text}</span>} />;
  if (json.kind === "string") {
    return (
      <Leaf
        name={name}
        value={
          <span className="text-succeeded">
            "<LongText text={json.value} most={CHARACTERS} />"
          </span>
        }
      />
    );
  }
  const size = json.kind === "array" ? json.items.length : json.entries.length;
  return <Branch json={json} size={size} depth={depth} name={name} />;
}

function Leaf({ name, value }: { name: ReactNode; value: ReactNode }) {
  return (
    <div className="pl-5 [overflow-wrap:anywhere]">
      {name}
      {value}
    </div>
  );
}

function Branch(props: {
  json: Extract<Json, { kind: "object" | "array" }>;
  size: number;
  depth: number;
  name: ReactNode;
}) {
  const { json, size, depth, name } = props;
  const [open, setOpen] = useState(depth < OPEN_LEVELS && size <= OPEN_ENTRIES);
  const [shown, setShown] = useState(ENTRIES);
  const [left, right] = json.kind === "array" ? ["[", "]"] : ["{", "}"];
  if (size === 0) return <Leaf name={name} value={left + right} />;
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex max-w-full items-center rounded text-left hover:bg-hover"
      >
        <ChevronRight
          aria-hidden
          className={cx("size-4 shrink-0 text-faint transition-transform", open && "rotate-90")}
        />
        <span className="ml-1 [overflow-wrap:anywhere]">
          {name}
          {left}
          {!open && ` … ${right} `}
          {!open && (
            <span className="text-faint">{plural(size, json.kind === "array" ? "item" : "key")}</span>
          )}
        </span>
      </button>
      {open && (
        // Levels far down indent no more, or they would leave the page.
        <div className={cx(depth < 20 && "ml-2 border-l border-line pl-2")}>
          {json.kind === "array"
            ? json.items
                .slice(0, shown)
                .map((item, index) => <Node key={index} json={item} depth={depth + 1} />)
            : json.entries.slice(0, shown).map(([key, item], index) => (
                <Node
                  key={index}
                  json={item}
                  depth={depth + 1}
                  name={
                    <>
                      <bdi className="text-soft">{key.length > 200 ? `${key.slice(0, 200)}…` : key}</bdi>
                      <span className="text-faint">: </span>
                    </>
                  }
                />
              ))}
          {size > shown && (
            <Button
              look="quiet"
              className="ml-3 h-7 font-sans text-accent"
              onClick={() => setShown(shown + 10 * ENTRIES)}
            >
              Show more ({number(size - shown)} left)
            </Button>
          )}
        </div>
      )}
      {open && <div className="pl-5">{right}</div>}
    </div>
  );
}

/** A text of a stranger, cut until more of it is asked for. */
export function LongText({ text, most = CHARACTERS, pre }: { text: string; most?: number; pre?: boolean }) {
  const [shown, setShown] = useState(most);
  const cut = text.length > shown;
  return (
    <>
      <bdi className={pre ? "block whitespace-pre-wrap" : "whitespace-pre-wrap"}>
        {cut ? text.slice(0, shown) : text}
      </bdi>
      {cut && (
        <button
          type="button"
          className="ml-1 rounded px-1 font-sans text-accent hover:bg-hover"
          onClick={() => setShown(shown * 10)}
        >
          … show more ({number(text.length - shown)} characters left)
        </button>
      )}
    </>
  );
}
