// What every JavaScript runtime has beside the language itself and `shared` uses (https://html.spec.whatwg.org/#atob).
declare function atob(base64: string): string;
declare function btoa(bytes: string): string;
