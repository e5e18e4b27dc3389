import { Field, Input, Select, TextArea } from "@/ui/field";
import type { ParameterField } from "./schema";

/** One parameter of a task, as its schema describes it. */
export function ParameterInput(props: {
  field: ParameterField;
  value: string;
  error: string | undefined;
  onChange: (value: string) => void;
}) {
  const { field, value, error, onChange } = props;
  return (
    <Field label={field.name} hint={field.description} error={error} required={field.required}>
      {(control) => {
        const common = { ...control, value, placeholder: field.placeholder };
        switch (field.kind) {
          case "long":
          case "json":
            return <TextArea {...common} rows={3} onChange={(event) => onChange(event.target.value)} />;
          case "flag":
          case "choice":
            return (
              <Select {...control} value={value} onChange={(event) => onChange(event.target.value)}>
                <option value="">Not given</option>
                {(field.kind === "flag" ? ["true", "false"] : field.choices).map((each) => (
                  <option key={each}>{each}</option>
                ))}
              </Select>
            );
          default:
            return <Input {...common} onChange={(event) => onChange(event.target.value)} />;
        }
      }}
    </Field>
  );
}
