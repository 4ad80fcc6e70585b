// What every JavaScript runtime has beside the language itself and `shared` uses.

// https://html.spec.whatwg.org/#atob
declare function atob(base64: string): string;
declare function btoa(bytes: string): string;

// https://encoding.spec.whatwg.org/#interface-textencoder
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}

// https://encoding.spec.whatwg.org/#interface-textdecoder
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}

// https://url.spec.whatwg.org/#url-class
declare class URL {
  constructor(url: string);
  readonly pathname: string;
}
