"""The look of the dashboard, on the paper of every page."""

from landmark_core.paper import PAPER

STYLE = (
    PAPER
    + """
:root { --m0: #0072b2; --m1: #c75400; --m2: #00735c; --m3: #7a5195; --m4: #8a6d00; --m5: #5b6475; }
@media (prefers-color-scheme: dark) { :root { --m0: #56b4e9; --m1: #ff9d4d; --m2: #3ec9a7;
  --m3: #c6a0ea; --m4: #e3c34f; --m5: #a0a9ba; } }
.m0 { background: var(--m0); } .m1 { background: var(--m1); } .m2 { background: var(--m2); }
.m3 { background: var(--m3); } .m4 { background: var(--m4); } .m5 { background: var(--m5); }
svg .m0 { fill: var(--m0); } svg .m1 { fill: var(--m1); } svg .m2 { fill: var(--m2); }
svg .m3 { fill: var(--m3); } svg .m4 { fill: var(--m4); } svg .m5 { fill: var(--m5); }
svg .tagged { fill: var(--tagged); } svg .review { fill: var(--review); }
svg .no_landmark { fill: var(--no_landmark); } svg .failed { fill: var(--failed); }
svg g:hover { opacity: .7; }
.dot { display: inline-block; width: .7rem; height: .7rem; margin-right: .35rem;
  border-radius: 50%; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; margin: 0 0 .5rem; padding: 0;
  list-style: none; color: var(--soft); font-size: .92rem; }
.landmarks { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(24rem, 100%), 1fr));
  gap: .7rem 2.2rem; margin: 0; padding: 0; list-style: none; }
.landmarks p { display: flex; gap: .8rem; margin: 0; }
.landmarks b { flex: 1; min-width: 0; font-weight: 500; overflow-wrap: anywhere; }
.landmarks span { font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: flex; height: .5rem; margin-top: .1rem; border-radius: .25rem; overflow: hidden;
  background: var(--tint); }
.bar i { min-width: 2px; }
.chart svg { display: block; width: 100%; height: 9rem; border-bottom: 1px solid var(--line); }
.labels { position: relative; height: 1.4rem; color: var(--soft); font-size: .82rem;
  font-variant-numeric: tabular-nums; }
.labels span { position: absolute; white-space: nowrap; }
.labels .middle { transform: translateX(-50%); } .labels .end { transform: translateX(-100%); }
.words { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details { margin-top: .6rem; } summary { color: var(--soft); font-size: .92rem; cursor: pointer; }
"""
)
