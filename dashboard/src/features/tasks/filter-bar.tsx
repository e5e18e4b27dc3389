import { useQuery } from "@tanstack/react-query";
import { ListFilter, Search, X } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { typesQuery } from "@/api/calls";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { Popover } from "@/ui/popover";
import { chips, type Filter, type FilterField, moment } from "./filter";

export const SEARCH_BOX = "task-search";
/** The name is searched for so long after the last letter. */
const TYPING_MS = 250;

interface Props {
  filter: Filter;
  onChange: (patch: Partial<Record<FilterField, string | undefined>>) => void;
}

export function FilterBar({ filter, onChange }: Props) {
  return (
    <div className="flex min-w-0 flex-1 flex-wrap items-center gap-2">
      <NameSearch value={filter.name ?? ""} onChange={(name) => onChange({ name: name || undefined })} />
      <MoreFilters filter={filter} onChange={onChange} />
      {chips(filter).map(({ field, label, value }) => (
        <span
          key={field}
          className="inline-flex h-7 max-w-64 items-center rounded-full border border-line bg-panel pl-2.5 text-[0.9rem]"
        >
          <span className="truncate">
            <span className="text-faint">{label}</span> <bdi>{value}</bdi>
          </span>
          <button
            type="button"
            aria-label={`Remove filter: ${label} ${value}`}
            onClick={() => onChange({ [field]: undefined })}
            className="ml-0.5 flex size-6.5 shrink-0 items-center justify-center rounded-full text-faint hover:text-text"
          >
            <X aria-hidden className="size-3.5" />
          </button>
        </span>
      ))}
    </div>
  );
}

function NameSearch({ value, onChange }: { value: string; onChange: (name: string) => void }) {
  const [text, setText] = useState(value);
  const sent = useRef(value);
  const change = useRef(onChange);
  change.current = onChange;
  // The address changes by other ways too, such as going back.
  useEffect(() => {
    if (value !== sent.current) setText(value);
    sent.current = value;
  }, [value]);
  useEffect(() => {
    if (text === sent.current) return;
    const timer = setTimeout(() => {
      sent.current = text;
      change.current(text);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return (
    <div className="relative w-full sm:w-60">
      <Search aria-hidden className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint" />
      <Input
        id={SEARCH_BOX}
        type="search"
        aria-label="Search by name"
        aria-keyshortcuts="/"
        placeholder="Search by name"
        maxLength={255}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        className="pl-8"
      />
    </div>
  );
}

function MoreFilters({ filter, onChange }: Props) {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      open={open}
      onOpenChange={setOpen}
      align="start"
      label="Filters"
      trigger={
        <Button>
          <ListFilter aria-hidden className="size-4" />
          Filter
        </Button>
      }
    >
      <FilterForm
        filter={filter}
        onChange={(patch) => {
          onChange(patch);
          setOpen(false);
        }}
      />
    </Popover>
  );
}

function FilterForm({ filter, onChange }: Props) {
  const { data: types } = useQuery(typesQuery());
  const [draft, setDraft] = useState(filter);
  const [errors, setErrors] = useState<Partial<Record<FilterField, string>>>({});
  const text = (field: FilterField) => ({
    value: draft[field] ?? "",
    onChange: (event: { target: { value: string } }) => setDraft({ ...draft, [field]: event.target.value }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wrong: typeof errors = {};
    for (const field of ["since", "until"] as const) {
      if (draft[field] && moment(draft[field], 0) === null) {
        wrong[field] = "Give an age such as 2h, or a time such as 2026-03-01T12:00:00Z.";
      }
    }
    if (draft.priority && !/^-?\d{1,3}$/.test(draft.priority.trim())) {
      wrong.priority = "Give a whole number from -100 to 100.";
    }
    setErrors(wrong);
    if (Object.keys(wrong).length > 0) return;
    const fields = ["type", "queue", "priority", "since", "until", "payload"] as const;
    onChange(Object.fromEntries(fields.map((field) => [field, draft[field]?.trim() || undefined])));
  };
  return (
    <form onSubmit={submit} className="grid w-80 max-w-full grid-cols-2 gap-3">
      <Field label="Type" className="col-span-2" hint="Several are joined by commas." error={errors.type}>
        {(control) => <Input {...control} {...text("type")} list="filter-types" />}
      </Field>
      <datalist id="filter-types">
        {types?.map(({ name }) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Field label="Queue">{(control) => <Input {...control} {...text("queue")} />}</Field>
      <Field label="Priority" error={errors.priority}>
        {(control) => <Input {...control} {...text("priority")} inputMode="numeric" />}
      </Field>
      <Field label="Created since" error={errors.since}>
        {(control) => <Input {...control} {...text("since")} placeholder="2h" list="filter-ages" />}
      </Field>
      <Field label="Created before" error={errors.until}>
        {(control) => <Input {...control} {...text("until")} placeholder="15m" list="filter-ages" />}
      </Field>
      <datalist id="filter-ages">
        {["5m", "15m", "1h", "6h", "1d", "7d"].map((age) => (
          <option key={age} value={age} />
        ))}
      </datalist>
      <Field label="Text in the payload" className="col-span-2" hint="In any case. Slow where it is rare.">
        {(control) => <Input {...control} {...text("payload")} maxLength={255} />}
      </Field>
      <div className="col-span-2 flex justify-end gap-2">
        <Button
          look="quiet"
          onClick={() => {
            const fields = ["type", "queue", "priority", "since", "until", "payload"] as const;
            onChange(Object.fromEntries(fields.map((field) => [field, undefined])));
          }}
        >
          Clear
        </Button>
        <Button look="primary" type="submit">
          Apply
        </Button>
      </div>
    </form>
  );
}
