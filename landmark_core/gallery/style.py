"""The look of a run's page, on the paper of every page."""

from landmark_core.paper import PAPER

STYLE = (
    PAPER
    + """
.tags { display: flex; flex-wrap: wrap; gap: .4rem .5rem; margin: 0; padding: 0; list-style: none; }
.tags li { padding: .15rem .65rem; background: var(--tint); border: 1px solid var(--line);
  border-radius: 1rem; font-size: .92rem; overflow-wrap: anywhere; }
.pictures { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr));
  gap: .9rem; }
.heatmaps { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: .9rem; }
figure { margin: 0; padding: .5rem; height: 100%; background: var(--tint); border-radius: .5rem;
  min-width: 0; }
.frame { display: grid; height: 160px; place-items: center; }
.frame img { border-radius: .25rem; }
.heatmaps img { display: block; width: 100%; height: 11rem; object-fit: contain; }
.heatmaps a { color: inherit; text-decoration: none; border-radius: .5rem; }
.heatmaps a:hover figcaption b { text-decoration: underline; }
figcaption { margin-top: .35rem; font-size: .86rem; line-height: 1.35; overflow-wrap: anywhere; }
.name { display: block; color: var(--soft); font-size: .78rem; }
@media (max-width: 40rem) { .pictures { grid-template-columns: 1fr 1fr; } }
@media print { .heatmaps img { break-inside: avoid; } }
"""
)
