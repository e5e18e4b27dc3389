import { Columns3, SquareTerminal } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "@/ui/button";
import { copyText } from "@/ui/copy";
import { Field, Select } from "@/ui/field";
import { Popover } from "@/ui/popover";
import { times } from "@/ui/time";
import { COLUMNS, chosenColumns } from "./columns";
import { SIZES } from "./read-page";

/** How the table looks: columns, times, rows on a page. */
export function ViewOptions({ size, onSize }: { size: number; onSize: (size: number) => void }) {
  const chosen = chosenColumns.use();
  const form = times.use();
  return (
    <Popover
      label="View"
      trigger={
        <IconButton label="View options">
          <Columns3 aria-hidden className="size-4" />
        </IconButton>
      }
    >
      <div className="w-52 space-y-4">
        <fieldset>
          <legend className="mb-1 font-medium">Columns</legend>
          {COLUMNS.map(({ id, label }) => (
            <label key={id} className="flex h-7 items-center gap-2">
              <input
                type="checkbox"
                checked={chosen.includes(id)}
                onChange={(event) =>
                  chosenColumns.set(
                    event.target.checked ? [...chosen, id] : chosen.filter((other) => other !== id),
                  )
                }
              />
              {label}
            </label>
          ))}
        </fieldset>
        <fieldset>
          <legend className="mb-1 font-medium">Times</legend>
          {(["relative", "absolute"] as const).map((each) => (
            <label key={each} className="flex h-7 items-center gap-2">
              <input type="radio" name="times" checked={form === each} onChange={() => times.set(each)} />
              {each === "relative" ? "Beside now (2 m ago)" : "By the clock"}
            </label>
          ))}
        </fieldset>
        <Field label="Rows on a page">
          {(control) => (
            <Select {...control} value={size} onChange={(event) => onSize(Number(event.target.value))}>
              {SIZES.map((each) => (
                <option key={each}>{each}</option>
              ))}
            </Select>
          )}
        </Field>
      </div>
    </Popover>
  );
}

/** Copies what is shown as a command. */
export function CopyCommand({ command }: { command: string }) {
  const [told, setTold] = useState("");
  const copy = async () => {
    setTold((await copyText(command)) ? "Copied" : "Could not copy");
    setTimeout(() => setTold(""), 1_500);
  };
  return (
    <Button look="quiet" title={command} onClick={() => void copy()} className="px-2">
      <SquareTerminal aria-hidden className="size-4" />
      <span aria-live="polite">{told || "Copy as command"}</span>
    </Button>
  );
}
