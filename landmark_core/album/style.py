"""The look of an album, on the paper of every page."""

from landmark_core.paper import PAPER

STYLE = (
    PAPER
    + """
body { max-width: 110rem; }
h1 { overflow-wrap: anywhere; }
a { color: var(--tagged); }
nav { display: flex; flex-wrap: wrap; gap: .3rem .9rem; margin: .6rem 0; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
nav span { white-space: nowrap; } nav small { font-size: .82em; }
.shelves { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1rem; }
.shelves a { display: block; color: inherit; text-decoration: none; background: var(--tint);
  border-radius: .5rem; overflow: hidden; }
.shelves a:hover b { text-decoration: underline; }
.shelves .cover { display: block; width: 100%; height: 10rem; object-fit: cover; }
.shelves .none { display: grid; height: 10rem; place-items: center; color: var(--soft); }
.shelves p { margin: 0; padding: .5rem .7rem .6rem; }
.shelves b { display: block; overflow-wrap: anywhere; }
/* What is out of sight is neither laid out nor painted, by the block: a browser that has to watch
   each of ten thousand photos scrolls more slowly than one that watches none. */
:root { --columns: 2; }
@media (min-width: 40rem) { :root { --columns: 4; } }
@media (min-width: 64rem) { :root { --columns: 6; } }
@media (min-width: 100rem) { :root { --columns: 10; } }
.photos { display: grid; grid-template-columns: repeat(var(--columns), minmax(0, 1fr)); gap: .8rem;
  padding-bottom: .8rem; content-visibility: auto; contain-intrinsic-height: auto 142rem;
  contain-intrinsic-height: auto calc(round(up, var(--photos) / var(--columns), 1) * 14.2rem); }
figure { margin: 0; height: 13.4rem; background: var(--tint); border-radius: .4rem;
  overflow: hidden; }
.frame { display: grid; height: 10rem; place-items: center; color: var(--soft); }
.frame img { display: block; width: 100%; height: 10rem; object-fit: contain; }
figcaption { padding: .3rem .5rem; font-size: .82rem; line-height: 1.35; }
figcaption span { display: block; overflow: hidden; white-space: nowrap; text-overflow: ellipsis;
  color: var(--soft); }
h2 { scroll-margin-top: 1rem; }
.map { display: block; max-width: 100%; height: auto; margin: 1rem 0;
  background: var(--tint); border-radius: .5rem; }
.map line { stroke: var(--line); vector-effect: non-scaling-stroke; }
.map text { fill: var(--soft); font-size: 11px; }
.map circle { fill: var(--ink); fill-opacity: .6; stroke: var(--paper); }
@media (max-width: 40rem) { .shelves { grid-template-columns: 1fr 1fr; gap: .6rem; }
  .map text { font-size: 18px; } }
"""
)
