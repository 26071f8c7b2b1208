/** The parts of WebAssembly's JavaScript interface that we use; the types of Node.js leave it out. */

declare namespace WebAssembly {
  type ExternalValue = Memory | Global | ((...values: number[]) => number);

  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    grow(pages: number): number;
  }

  class Global {
    constructor(descriptor: { value: "i32"; mutable: boolean }, value: number);
    value: number;
  }

  class Module {
    constructor(bytes: Uint8Array);
    toString(): string;
    static exports(module: Module): readonly { readonly name: string; readonly kind: string }[];
  }

  function compile(bytes: ArrayBuffer): Promise<Module>;

  class Instance {
    constructor(module: Module, imports: Record<string, Record<string, ExternalValue>>);
    readonly exports: Readonly<Record<string, ExternalValue | undefined>>;
  }
}
