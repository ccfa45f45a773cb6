// Lets the search work where the site is opened from a folder. Browsers start no worker from a
// file: address, so its program runs in a hidden frame, and messages go to and fro as to a worker.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.append(frame);
      this.inside = frame.contentWindow;
      window.addEventListener("message", ({ source, data }) => {
        if (source === this.inside) this.dispatchEvent(new MessageEvent("message", { data }));
      });
      this.inside.document.write(
        "<body><script>postMessage = (data) => parent.postMessage(data, '*')</scr" + "ipt>",
        `<script src="${url}"></scr` + "ipt>",
      );
      this.inside.document.close();
      this.started = new Promise((resolve) => (this.inside.onload = resolve));
    }

    postMessage(data) {
      this.started.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data })));
    }
  };
}
