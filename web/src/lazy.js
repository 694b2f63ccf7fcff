// A page that is loaded when it is first opened.
import { useEffect, useRef, useState } from "preact/hooks";
import { html } from "./html.js";

export function lazy(load, name) {
  let page = null;
  return (props) => {
    const [state, set] = useState(page ? "here" : "");
    const title = useRef(null);
    const told = useRef(false);
    useEffect(() => {
      if (page) return;
      load().then((module) => {
        page = module[name];
        told.current = title.current !== null && document.activeElement === title.current;
        set("here");
      }, () => set("failed"));
    }, []);
    // Whoever was told of the page before it was there is told of its title.
    useEffect(() => {
      if (state === "here" && told.current) document.querySelector("main h1")?.focus({ preventScroll: true });
    }, [state]);
    if (page) return html`<${page} ...${props} />`;
    return html`<div class="head"><div><h1 tabindex="-1" ref=${title}>${state === "failed" ? "This page did not load" : "One moment"}</h1>${state === "failed" && html`<p class="lede">The server did not send it. Load the page again.</p>`}</div></div>`;
  };
}
