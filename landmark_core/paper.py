"""The paper, ink and colours of every page: light and dark by the reader's setting, small screens.

Colours follow Okabe and Ito, "Color Universal Design" (https://jfly.uni-koeln.de/color/), safe for
the colour-blind; no page tells things apart by them alone. Pure.
"""

PAPER = """
:root { color-scheme: light dark; --ink: #1d2330; --soft: #5b6475; --paper: #fff; --tint: #f3f5f9;
  --line: #d9dee8; --tagged: #0072b2; --review: #c75400; --no_landmark: #7a5195;
  --failed: #b00020; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7ee; --soft: #a0a9ba; --paper: #14171d;
  --tint: #1e232c; --line: #343c49; --tagged: #56b4e9; --review: #ff9d4d; --no_landmark: #c6a0ea;
  --failed: #ff7a8a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, "DejaVu Sans", Verdana, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; }
h2 { margin: 2.2rem 0 .7rem; font-size: 1.2rem; }
small { font-size: .62em; font-weight: 400; color: var(--soft); }
h1 small { display: inline-block; margin-left: .6rem; }
h2 small { margin-left: .4rem; font-size: .72em; }
p { margin: .3rem 0; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .92rem; }
code { font-size: .92em; }
.whole { display: flex; gap: 2px; height: .9rem; margin: 1.2rem 0 .9rem; overflow: hidden;
  border-radius: .45rem; }
.whole span { min-width: 3px; }
.tagged { background: var(--tagged); } .review { background: var(--review); }
.no_landmark { background: var(--no_landmark); } .failed { background: var(--failed); }
.counts { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: .8rem;
  margin: 0; }
.counts div { padding: .6rem .9rem; background: var(--tint); border-radius: .4rem; }
dt { color: var(--soft); font-size: .92rem; }
dt i { display: inline-block; width: .7rem; height: .7rem; margin-right: .4rem;
  border-radius: 50%; }
dd { margin: 0; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
a:focus-visible { outline: 2px solid var(--tagged); outline-offset: 2px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; }
th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
th { color: var(--soft); font-weight: 600; } td:first-child { white-space: nowrap; }
.path { overflow-wrap: anywhere; min-width: 16rem; }
footer { margin-top: 2.5rem; padding-top: .8rem; border-top: 1px solid var(--line); }
@media (max-width: 40rem) { body { padding: .9rem; }
  .counts { grid-template-columns: 1fr 1fr; gap: .5rem; }
  h1 small { display: block; margin: 0; } }
"""
