"""The look of the report's page: light and dark by the reader's setting, print, small screens.

Tables are sorted without a script: the chosen radio button tells the rows which of their places,
given as CSS variables, is their order.
"""

STYLE = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6475; --paper: #fff; --tint: #f3f5f9;
  --line: #d9dee8; --bad: #b3401a; --good: #1d7a4d; --accent: #1f6fb2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ee; --soft: #a0a9ba; --paper: #14171d;
  --tint: #1e232c; --line: #343c49; --bad: #ff9466; --good: #63cf9b; --accent: #6db6f2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", Verdana, sans-serif; }
h1 { margin: 0 0 .2rem; font-size: 1.7rem; overflow-wrap: anywhere; }
h2 { margin: 2.6rem 0 .6rem; font-size: 1.25rem; }
p { margin: .4rem 0; max-width: 46rem; }
.soft { color: var(--soft); }
.headlines { margin: 1.2rem 0; padding: .9rem 1.2rem; background: var(--tint);
  border-left: 4px solid var(--accent); border-radius: .3rem; }
.headlines p { max-width: none; font-size: 1.08rem; }
.headlines p:first-child { font-size: 1.35rem; font-weight: 600; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .93rem; }
th, td { padding: .3rem .7rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; min-width: 5rem; overflow-wrap: break-word; }
td.soft { min-width: 15rem; }
td.path { overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.diagrams { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
.diagrams figure { flex: 1 1 19rem; max-width: 26rem; }
figure { margin: 0; }
figcaption { max-width: 26rem; color: var(--soft); font-size: .9rem; }
svg { display: block; max-width: 100%; height: auto; }
.sort { margin: .4rem 0; font-size: .9rem; color: var(--soft); }
.sort label { padding: .15rem .6rem; border: 1px solid var(--line); border-radius: 1rem;
  color: var(--ink); cursor: pointer; }
.sorted > input { position: absolute; opacity: 0; }
.rows { display: grid; min-width: 52rem; }
.rows > div { display: grid; border-bottom: 1px solid var(--line); font-size: .93rem;
  grid-template-columns: minmax(9rem, 2fr) repeat(6, minmax(4.2rem, 1fr)) minmax(9rem, 2fr); }
.rows > div > span { padding: .3rem .6rem; overflow-wrap: anywhere; }
.rows > .head .number { white-space: normal; }
.rows > .head { order: -1; color: var(--soft); font-weight: 600; }
#by-name:checked ~ .scroll .rows > .class { order: var(--name); }
#by-photos:checked ~ .scroll .rows > .class { order: var(--photos); }
#by-precision:checked ~ .scroll .rows > .class { order: var(--precision); }
#by-recall:checked ~ .scroll .rows > .class { order: var(--recall); }
#by-f1:checked ~ .sort [for=by-f1], #by-name:checked ~ .sort [for=by-name],
#by-photos:checked ~ .sort [for=by-photos], #by-precision:checked ~ .sort [for=by-precision],
#by-recall:checked ~ .sort [for=by-recall] { border-color: var(--accent); color: var(--accent); }
.sorted > input:focus-visible ~ .sort { outline: 2px solid var(--accent); }
.errors { display: grid; grid-template-columns: repeat(auto-fill, minmax(24rem, 1fr)); gap: 1.4rem;
  min-width: 0; }
.doubts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: 1rem; }
.card { padding: .7rem; background: var(--tint); border-radius: .4rem; min-width: 0;
  overflow-wrap: anywhere; }
.card .pair { display: flex; gap: .4rem; }
.card .pair img { width: 50%; height: 11rem; object-fit: contain; background: #0003; }
.doubts img { width: 100%; height: 8rem; object-fit: contain; background: #0003; }
.card p { margin: .25rem 0; font-size: .92rem; }
.card .path { color: var(--soft); font-size: .78rem; }
.missing { display: grid; height: 8rem; place-items: center; color: var(--soft);
  background: #0001; font-size: .85rem; }
.bad { color: var(--bad); font-weight: 600; }
.good { color: var(--good); font-weight: 600; }
pre { padding: .8rem 1rem; overflow-x: auto; background: var(--tint); border-radius: .4rem;
  font-size: .85rem; line-height: 1.4; }
@media (max-width: 40rem) { .errors { grid-template-columns: 1fr; } body { padding: .8rem; } }
@media print { body { max-width: none; } .card { break-inside: avoid; } }
"""
