// The one way markup is made here: elements and text nodes, never strings that a browser parses.
import { h } from "preact";
import htm from "htm";

export const html = htm.bind(h);
