/*
 * The script that a site owner pastes: <script src="…/analytics.js" data-website-id="…" defer></script>
 *
 * It never throws into the page, never sends one event under two ids, and touches no storage of the browser under
 * data-storage="none". Browsers get tracker.min.js, which `make tracker` makes of this file; docs/tracking.md says what
 * is sent. Written for browsers since 2019 (async functions, object spread, optional catch binding).
 *
 * What it keeps, on the site's own origin:
 *   localStorage    workbench_visitor        who comes back
 *                   workbench_session        "<session> <time of its last event>": what another tab joins
 *                   workbench_event <id>     an event that the server has not answered yet
 *                   workbench_ignore         set by people who do not want to be counted; only read here
 *   sessionStorage  workbench_session        the session of this tab
 */
((window, document, navigator, location, history) => {
  try {
    // A page that calls trackEvent before this script is there has a stub, which collects the calls in trackEvent.q.
    const stub = window.trackEvent || {};
    if (stub.ready) return; // the script stands on the page twice

    const script = document.currentScript || document.querySelector("script[data-website-id]"); // null in a module
    const { websiteId, storage, api } = script.dataset;
    const endpoint = api || new URL("/web/analytics/track", script.src || location).href;

    const SESSION = "workbench_session";
    const EVENT = "workbench_event ";
    const MAX_WAITING = 30; // events
    const DAY = 864e5; // ms; the server takes nothing older
    const GAP = 18e5; // ms; a longer time without an event ends a session

    // Where storage is unwanted or forbidden no ids are sent: the server then makes one with its daily salt.
    let local, tab;
    try {
      if (storage != "none") {
        tab = sessionStorage;
        local = localStorage;
      }
    } catch {}

    const random = () => crypto.getRandomValues(new Uint32Array(3)).join("");
    const dated = () => Date.now() + "-" + random(); // ids that begin with the time stand together in the server's indexes

    const identify = (event, now) => {
      event.visitor_id = local.workbench_visitor = local.workbench_visitor || random();
      const [running, last] = (local[SESSION] || "").split(" ");
      // Where the site has cleared localStorage (at logout, say), the tab goes on with the session it had.
      const session = last ? (now - last > GAP ? dated() : running) : tab[SESSION] || dated();
      local[SESSION] = session + " " + now;
      event.session_id = tab[SESSION] = session;
    };

    // Events wait under a key each: two tabs that rewrote one list would lose each other's. The server stores an id
    // once, so that sending again what may have arrived does no harm.
    let queue = local || {};
    const tried = {}; // by key; 1: this page gave it to the network, 2: that failed
    const waiting = () => Object.keys(queue).filter((key) => key.startsWith(EVENT)).sort(); // ids begin with the time
    const age = (key) => Math.max(0, Date.now() - parseInt(key.slice(EVENT.length)));

    const take = (key) => {
      tried[key] = 1;
      return JSON.stringify({ ...JSON.parse(queue[key]), age_ms: age(key) });
    };

    const send = async (key) => {
      try {
        const body = take(key);
        // Browsers let no more than 64 KiB outlive a page. So much is refused anyway, but then it is counted.
        const answer = await fetch(endpoint, { method: "POST", body, keepalive: body.length < 2e4 });
        if (answer.status > 499) throw 0; // 503: stored nowhere
        delete queue[key];
        delete tried[key];
        sendNext();
      } catch {
        tried[key] = 2;
      }
    };

    // One at a time, and only after a success: a server in trouble gets no more requests than people make events.
    const sendNext = () => waiting().some((key) => tried[key] != 1 && send(key));

    const track = (what) => {
      try {
        if (
          !/^http/.test(location.protocol) || // the path of a saved page names folders of its reader
          navigator.doNotTrack == 1 ||
          navigator.globalPrivacyControl ||
          (local && local.workbench_ignore)
        )
          return;
        const now = Date.now();
        const event = {
          website_id: websiteId,
          event_id: dated(),
          hostname: location.hostname,
          pathname: location.pathname.slice(0, 2048),
          // Nothing else of the query leaves the browser.
          query: location.search.slice(1).split("&").filter((part) => /^(utm_\w+|ref|source)=/i.test(part)).join("&"),
          timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
          ...what,
        };
        waiting().reverse().forEach((old, place) => {
          if (place > MAX_WAITING - 2 || age(old) > DAY) delete queue[old];
        });
        try {
          if (local) identify(event, now);
        } catch {}
        const key = EVENT + event.event_id;
        const text = JSON.stringify(event);
        try {
          queue[key] = text;
        } catch {
          queue = { [key]: text }; // the storage is full: this page remembers by itself
        }
        send(key);
      } catch {}
    };

    // A page that the browser prepares before anybody asks for it counts when it is shown.
    const whenShown = (run) =>
      document.prerendering ? document.addEventListener("prerenderingchange", run) : run();

    const trackEvent = (event_name, metadata) =>
      whenShown(() => track({ event_type: "custom_event", event_name, metadata }));

    let page;
    let referrer = document.referrer.split("?")[0];
    const view = () =>
      whenShown(() => {
        const address = location.pathname + location.search;
        if (address == page) return;
        page = address;
        track({ event_type: "pageview", referrer });
        referrer = ""; // what led to the first page did not lead to the next
      });

    trackEvent.ready = 1;
    window.trackEvent = trackEvent;
    view();
    (stub.q || []).forEach((call) => trackEvent(...call));

    addEventListener("online", sendNext);
    addEventListener("popstate", view);
    addEventListener("pageshow", (shown) => {
      if (!shown.persisted) return;
      page = 0; // back from the back/forward cache: no script ran, yet somebody sees the page again
      view();
    });
    // The last chance of what could not be sent. Nobody may be left to read an answer, so it goes on waiting as well.
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState == "hidden" && navigator.onLine)
        waiting().forEach((key) => tried[key] == 2 && navigator.sendBeacon(endpoint, take(key)));
    });
    for (const name of ["pushState", "replaceState"]) {
      const original = history[name];
      history[name] = function () {
        const result = original.apply(this, arguments);
        view();
        return result;
      };
    }
    // Tells of navigations also where the site has functions of its own in place of those two. Last, since browsers
    // without it throw here.
    navigation.addEventListener("currententrychange", view);
  } catch {}
})(window, document, navigator, location, history);
