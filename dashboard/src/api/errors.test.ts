import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { readBadRequest, toProblem } from "./errors";

const violation = (field: string, description: string) =>
  new BinaryWriter().tag(1, 2).string(field).tag(2, 2).string(description).tag(9, 0).uint32(7).finish();
const badRequest = new BinaryWriter()
  .tag(1, 2)
  .bytes(violation("name", "must not be empty"))
  .tag(1, 2)
  .bytes(violation("payload", "is no JSON"))
  .finish();

test("the fields at fault are read, what is unknown is skipped", () => {
  expect(readBadRequest(badRequest)).toEqual({ name: "must not be empty", payload: "is no JSON" });
});

test("an error tells its fields", () => {
  const error = new ConnectError("name: must not be empty", Code.InvalidArgument);
  error.details.push({ type: "google.rpc.BadRequest", value: badRequest });
  expect(toProblem(error).fields).toHaveProperty("name", "must not be empty");
});

test("silence is told apart from a refusal", () => {
  expect(toProblem(new TypeError("Failed to fetch")).title).toBe("The service does not answer");
  expect(toProblem(new ConnectError("no", Code.Unimplemented)).unimplemented).toBe(true);
});
