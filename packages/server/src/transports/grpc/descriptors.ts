/**
 * What reflection knows of each .proto file: its name, its services and its messages, read out of the embedded descriptors when somebody
 * asks for the first time.
 */
import { fromBase64 } from "@holdfast/protocol";
import { decodeMessage, type Message, type Schema } from "@holdfast/protocol/grpc";
import { descriptorSet } from "./descriptor-set.ts";

const Named = { name: { no: 1, kind: "string" } } as const satisfies Schema;
const FileDescriptorProto = {
  name: { no: 1, kind: "string" },
  package: { no: 2, kind: "string" },
  messageType: { no: 4, kind: Named, repeated: true },
  service: { no: 6, kind: Named, repeated: true },
} as const satisfies Schema;
const FileDescriptorSet = { file: { no: 1, kind: "bytes", repeated: true } } as const satisfies Schema;

export interface DescriptorFile {
  readonly name: string;
  /** Full names. */
  readonly services: readonly string[];
  /** Full names of services and messages. */
  readonly symbols: readonly string[];
  /** The FileDescriptorProto. */
  readonly bytes: Uint8Array;
}

function read(): DescriptorFile[] {
  const { file } = decodeMessage(FileDescriptorSet, fromBase64(descriptorSet) as Uint8Array) as { file: Uint8Array[] };
  return file.map((bytes) => {
    const descriptor = decodeMessage(FileDescriptorProto, bytes) as Message;
    const full = (list: unknown): string[] => ((list ?? []) as { name: string }[]).map(({ name }) => `${descriptor["package"]}.${name}`);
    const services = full(descriptor["service"]);
    return { name: descriptor["name"] as string, services, symbols: [...services, ...full(descriptor["messageType"])], bytes };
  });
}

let files: readonly DescriptorFile[] | null = null;

/** The files, in the order in which their services are listed. */
export function descriptorFiles(): readonly DescriptorFile[] {
  files ??= read();
  return files;
}
