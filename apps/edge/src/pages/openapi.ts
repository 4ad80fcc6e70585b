/** The OpenAPI description in JSON; build/bundle.ts puts it in. */
declare const OPENAPI_DOCUMENT: string;

export const openApiText = OPENAPI_DOCUMENT;
