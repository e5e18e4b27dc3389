import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { taskQuery, typesQuery } from "@/api/calls";
import { api } from "@/api/client";
import { type Problem, toProblem } from "@/api/errors";
import type { TaskFull } from "@/api/view";
import { Button } from "@/ui/button";
import { Field, Input, TextArea } from "@/ui/field";
import { writeDuration } from "@/ui/format";
import { ErrorNote, Note } from "@/ui/note";
import { Card, Page } from "@/ui/page";
import { Rows } from "@/ui/skeleton";
import { ParameterInput } from "./parameter-input";
import { type Draft, EMPTY, type Problems, problems, spec } from "./request";
import { check, fieldsOf, payloadOf, type Texts, textsOf } from "./schema";
import type { CreateSearch } from "./search";

/** Asks for a task; starts with a type, or with what another task had. */
export function CreatePage({ search }: { search: CreateSearch }) {
  const { from } = search;
  const like = useQuery({ ...taskQuery(from ?? "0"), enabled: from !== undefined });
  if (from !== undefined && like.isPending) {
    return (
      <Page title="Create a task">
        <Rows />
      </Page>
    );
  }
  return (
    <Page title="Create a task">
      {like.isError && <ErrorNote error={like.error} className="mb-4" />}
      <CreateForm key={`${from} ${search.type}`} type={search.type ?? ""} like={like.data} />
    </Page>
  );
}

function draftLike(task: TaskFull): Draft {
  return {
    ...EMPTY,
    name: task.name,
    type: task.type,
    queue: task.queue === "default" ? "" : task.queue,
    priority: task.priority === 0 ? "" : String(task.priority),
    retries: String(task.retries),
    timeout: task.timeout === null ? "" : writeDuration(task.timeout),
    labels: Object.entries(task.labels)
      .map(([name, value]) => `${name}=${value}`)
      .join("\n"),
  };
}

function CreateForm({ type, like }: { type: string; like: TaskFull | undefined }) {
  const types = useQuery(typesQuery());
  const navigate = useNavigate();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState<Draft>(like ? draftLike(like) : { ...EMPTY, type });
  const [payload, setPayload] = useState(like?.payload ?? "{}");
  const [texts, setTexts] = useState<Texts | null>(null);
  const [raw, setRaw] = useState(false);
  const [wrong, setWrong] = useState<Problems>({});
  const [refused, setRefused] = useState<Problem | null>(null);
  const [sending, setSending] = useState(false);
  const key = useRef({ content: "", text: "" });
  const known = types.data?.find((each) => each.name === draft.type);
  const fields = known?.schema ? fieldsOf(known.schema) : null;
  const asTexts = fields && (texts ?? textsOf(fields, payload));
  const byFields = fields !== null && asTexts !== null && !raw;
  const json = byFields && texts ? payloadOf(fields, texts) : payload;

  const put = (name: keyof Draft) => (event: { target: { value: string } }) =>
    setDraft((before) => ({ ...before, [name]: event.target.value }));
  const toRaw = () => {
    setPayload(json);
    setTexts(null);
    setRaw(true);
  };

  // The first field at fault gets the focus, once it is marked.
  const faults = Object.keys(wrong).join();
  useEffect(() => {
    if (faults) form.current?.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }, [faults]);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    if (sending) return;
    const parameters = byFields && asTexts ? check(fields, asTexts) : {};
    const found = { ...problems(draft, json, Date.now()), ...prefixed(parameters) };
    if (byFields) delete found.payload;
    setWrong(found);
    setRefused(null);
    if (Object.keys(found).length > 0) return;
    setSending(true);
    try {
      // The same content sent twice makes one task, and another content is another task.
      const content = JSON.stringify([draft, json]);
      if (key.current.content !== content) key.current = { content, text: randomKey() };
      const task = spec(draft, json, key.current.text, Date.now());
      const { id, warnings } = await api.createTask({ task });
      await navigate({ to: "/tasks/$id", params: { id: String(id) }, state: { warnings } });
    } catch (error) {
      const problem = toProblem(error);
      setWrong(problem.fields);
      setRefused(problem);
    } finally {
      setSending(false);
    }
  };

  const at = (name: string) => wrong[name];
  return (
    <form ref={form} onSubmit={(event) => void send(event)} noValidate className="max-w-3xl space-y-4">
      {refused && (
        <Note tone="error" title={refused.title}>
          {refused.text}
        </Note>
      )}
      <Card title="What">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Name" required error={at("name")} hint="What people call it">
            {(control) => <Input {...control} value={draft.name} onChange={put("name")} />}
          </Field>
          <Field label="Type" required error={at("type")} hint={known?.description || "Which plugin runs it"}>
            {(control) => (
              <>
                <Input {...control} list="known-types" value={draft.type} onChange={put("type")} />
                <datalist id="known-types">
                  {types.data?.map((each) => (
                    <option key={each.name} value={each.name} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
        </div>
        {draft.type && types.data && !known?.workers && (
          <Note tone="warning" className="mt-4" title="No live worker runs this type">
            The task waits until one does.
          </Note>
        )}
      </Card>
      <Card
        title="Parameters"
        actions={
          fields && (
            <Button look="quiet" aria-pressed={!byFields} onClick={byFields ? toRaw : () => setRaw(false)}>
              {byFields ? "Edit as JSON" : "Edit as form"}
            </Button>
          )
        }
      >
        {types.isPending ? (
          <Rows count={12} />
        ) : byFields && asTexts ? (
          <div className="space-y-4">
            {fields.map((each) => (
              <ParameterInput
                key={each.name}
                field={each}
                value={asTexts[each.name] ?? ""}
                error={at(`payload.${each.name}`)}
                onChange={(value) => setTexts({ ...asTexts, [each.name]: value })}
              />
            ))}
            {at("payload") && <Note tone="error" title={at("payload")} />}
          </div>
        ) : (
          <Field
            label="Payload"
            error={at("payload")}
            hint={
              fields && !raw
                ? "A JSON object. It holds more than the form can show."
                : "A JSON object of parameters, at most 1 MiB"
            }
          >
            {(control) => (
              <TextArea
                {...control}
                rows={10}
                className="font-mono text-[0.9rem]"
                value={payload}
                onChange={(event) => setPayload(event.target.value)}
              />
            )}
          </Field>
        )}
      </Card>
      <Card title="How">
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Queue" error={at("queue")}>
            {(control) => (
              <Input {...control} placeholder="default" value={draft.queue} onChange={put("queue")} />
            )}
          </Field>
          <Field label="Priority" error={at("priority")} hint="-100 to 100; higher runs first">
            {(control) => (
              <Input
                {...control}
                inputMode="numeric"
                placeholder="0"
                value={draft.priority}
                onChange={put("priority")}
              />
            )}
          </Field>
          <Field label="Retries" error={at("retries")} hint="Allowed after the first attempt">
            {(control) => (
              <Input
                {...control}
                inputMode="numeric"
                placeholder="3"
                value={draft.retries}
                onChange={put("retries")}
              />
            )}
          </Field>
          <Field label="Timeout" error={at("timeout")} hint="Of each attempt, such as 30s">
            {(control) => (
              <Input
                {...control}
                placeholder="the worker's"
                value={draft.timeout}
                onChange={put("timeout")}
              />
            )}
          </Field>
          <Field label="Run at" error={at("run_at")} hint="A time by this machine's clock, or +10m from now">
            {(control) => (
              <Input {...control} placeholder="at once" value={draft.runAt} onChange={put("runAt")} />
            )}
          </Field>
          <Field
            label="Idempotency key"
            error={at("idempotency_key")}
            hint="The same key makes no second task"
          >
            {(control) => (
              <Input {...control} placeholder="made up" value={draft.key} onChange={put("key")} />
            )}
          </Field>
          <Field
            label="Labels"
            error={at("labels")}
            hint="A line name=value for each"
            className="sm:col-span-2"
          >
            {(control) => <TextArea {...control} rows={2} value={draft.labels} onChange={put("labels")} />}
          </Field>
        </div>
      </Card>
      <Button type="submit" look="primary" disabled={sending}>
        Create task
      </Button>
    </form>
  );
}

function randomKey(): string {
  return `web-${crypto.getRandomValues(new Uint32Array(4)).join("-")}`;
}

function prefixed(found: Problems): Problems {
  return Object.fromEntries(Object.entries(found).map(([name, problem]) => [`payload.${name}`, problem]));
}
