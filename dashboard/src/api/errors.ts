/** What went wrong with a call, in words for people and with the fields at fault. */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { isAway } from "./connection";

export interface Problem {
  /** In a few words. */
  title: string;
  /** What to do about it, or what the service said. */
  text: string;
  /** What is wrong with each field, by the field's name on the wire. */
  fields: Record<string, string>;
  /** Whether the service does not know this call: it is older than the dashboard. */
  unimplemented: boolean;
}

const BAD_REQUEST = "google.rpc.BadRequest";

export function toProblem(error: unknown): Problem {
  const { code, rawMessage, details } = ConnectError.from(error);
  const fields: Record<string, string> = {};
  for (const detail of details) {
    if ("type" in detail && detail.type === BAD_REQUEST) Object.assign(fields, readBadRequest(detail.value));
  }
  const told = rawMessage || "The service did not say why.";
  const problem = (title: string, text = told) => ({
    title,
    text,
    fields,
    unimplemented: code === Code.Unimplemented,
  });
  if (isAway(error)) {
    return problem(
      "The service does not answer",
      "It is tried again by itself. If it stays away, look at the server's log and at /readyz.",
    );
  }
  switch (code) {
    case Code.NotFound:
      return problem("There is no such task");
    case Code.InvalidArgument:
      return problem("The service refused this");
    case Code.FailedPrecondition:
      return problem("Not allowed as the task stands now");
    case Code.AlreadyExists:
      return problem("This key was used before");
    case Code.ResourceExhausted:
      return problem("Too much at once");
    case Code.Unimplemented:
      return problem(
        "The server is older than this page",
        "It does not know this call yet. Update the server; the rest of the dashboard works.",
      );
    default:
      return problem("Something went wrong");
  }
}

/**
 * google.rpc.BadRequest by hand: repeated FieldViolation { string field = 1; string description = 2 } = 1.
 * Two fields are not worth another generated file.
 */
export function readBadRequest(bytes: Uint8Array): Record<string, string> {
  const fields: Record<string, string> = {};
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    if (number !== 1) {
      reader.skip(type);
      continue;
    }
    const violation = new BinaryReader(reader.bytes());
    let [field, description] = ["", ""];
    while (violation.pos < violation.len) {
      const [number, type] = violation.tag();
      if (number === 1) field = violation.string();
      else if (number === 2) description = violation.string();
      else violation.skip(type);
    }
    fields[field] = description;
  }
  return fields;
}
