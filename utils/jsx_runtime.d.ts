/**
 * The types of what Preact renders on the server, which has no DOM. Preact's own bring the
 * browser's with them, whose WebSocket, Headers and more are not Deno's.
 */
export interface Markup {
  type: unknown;
  props: object;
}
/** What may stand between two tags. */
export type Children = Markup | string | number | false | null | undefined | Children[];

type Attributes = Record<string, unknown> & { children?: Children };

export declare function jsx(type: unknown, props: object, key?: unknown): Markup;
export declare const jsxs: typeof jsx;
export declare function Fragment(props: { children?: Children }): Markup;

export declare namespace JSX {
  type Element = Markup;
  interface ElementChildrenAttribute {
    children: unknown;
  }
  interface IntrinsicAttributes {
    key?: string | number;
  }
  type IntrinsicElements = Record<string, Attributes>;
}
