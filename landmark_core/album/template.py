"""The templates of an album's pages; Jinja escapes what they are filled with."""

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="landmarks export --format gallery">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{{ title | shown }}</title>
<style>{{ style }}</style>
</head>
<body>
{% macro draw(map) %}
<svg class="map" viewBox="0 0 {{ map.width | units }} {{ map.height | units }}" role="img"
  width="{{ map.width | units }}" height="{{ map.height | units }}"
  aria-label="Where the photos were taken">
{% for line in map.lines %}
{% if line.is_meridian %}
<line x1="{{ line.x | units }}" y1="0" x2="{{ line.x | units }}" y2="{{ map.height | units }}"/>
<text x="{{ (line.x + 3) | units }}" y="{{ (map.height - 5) | units }}">{{ line.text }}</text>
{% else %}
<line x1="0" y1="{{ line.y | units }}" x2="{{ map.width | units }}" y2="{{ line.y | units }}"/>
{# Its name is below a line that is near the upper edge, where it would be cut off. #}
<text x="4" y="{{ line.y | units }}" dy="{{ "-.35em" if line.y > 30 else "1.2em" }}">
{{- line.text }}</text>
{% endif %}
{% endfor %}
{% for dot in map.dots %}
<circle cx="{{ dot.x | units }}" cy="{{ dot.y | units }}" r="{{ dot.radius | units }}"><title>
{{- number(dot.photos, "photo") }}</title></circle>
{% endfor %}
</svg>
{% endmacro %}
"""

_FOOT = """
</body>
</html>
"""

COVER = (
    _HEAD
    + """
<header>
<h1>{{ number(photos, "photo") }} <small>{{ now.strftime("%d %B %Y") }}</small></h1>
<p class="soft">{{ out | shown }}{% if unreadable %}; {{ number(unreadable) }} could not be
read{% endif %}</p>
</header>
<main>
{% if map %}
{{ draw(map) }}
{% endif %}
<div class="shelves">
{% for shelf, page in shelves %}
<a href="{{ page }}">
{% if shelf.cover %}
<img class="cover" src="{{ shelf.cover | picture }}" loading="lazy" decoding="async" alt="">
{% else %}
<span class="none">no picture</span>
{% endif %}
<p><b>{{ (shelf.tag or "No landmark") | shown }}</b>
<span class="soft">{{ number(shelf.settled, "photo") }}{% if shelf.by_people %},
{{ number(shelf.by_people) }} by people{% endif %}{% if shelf.waiting %},
+{{ number(shelf.waiting) }} to review{% endif %}</span></p></a>
{% endfor %}
</div>
{% if missing %}
<p class="soft">{{ number(missing, "photo") }} without a picture: gone, changed since they were
tagged, or too large.</p>
{% endif %}
</main>
"""
    + _FOOT
)

SHELF = (
    _HEAD
    + """
<header>
<nav aria-label="Gallery"><a href="../index.html">All landmarks</a></nav>
<h1>{{ (shelf.tag or "No landmark") | shown }}
<small>{{ number(shelf.settled, "photo") }}{% if shelf.waiting %},
+{{ number(shelf.waiting) }} to review{% endif %}</small></h1>
<p class="soft">A percentage is how sure the model is of its best guess{% if shelf.tag %}:
{{ shelf.tag | shown }}{% else %}, which is named beside it{% endif %}.</p>
{% for kind, links in bands.items() %}
<nav aria-label="{{ kind }}">{{ kind }}{% for band, where in links %}
<span><a href="{{ where }}">{{ band | range }}</a> <small>{{ number(band.photos) }}</small></span>
{% endfor %}</nav>
{% endfor %}
{% if pages | length > 1 %}
<nav aria-label="Pages">Pages{% for other in pages %}
{% if other == page %} <b>{{ loop.index }}</b>{% else %}
<a href="{{ other }}">{{ loop.index }}</a>{% endif %}{% endfor %}</nav>
{% endif %}
</header>
<main>
{% if map %}
{{ draw(map) }}
{% endif %}
{% for band, blocks in sections %}
<h2 id="{{ band | anchor }}">{{ band | band }}</h2>
{% for photos in blocks %}
<div class="photos" style="--photos:{{ photos | length }}">
{% for photo in photos %}
<figure title="{{ photo.uri | shown }}">{% if photo | link %}<a class="frame"
 href="{{ photo | link }}">{% else %}<div class="frame">{% endif %}
{%- if photo.has_picture %}<img src="../{{ photo.key | picture }}"{% if photo.width %}
 width="{{ photo.width }}" height="{{ photo.height }}"{% endif %} loading="lazy" decoding="async"
 alt="{{ photo.uri | file_name }}">{% else %}no picture{% endif %}
{%- if photo | link %}</a>{% else %}</div>{% endif %}
<figcaption>{{ photo | said(shelf.tag) }}
<span>{{ photo.uri | file_name }}</span></figcaption>
</figure>
{% endfor %}
</div>
{% endfor %}
{% endfor %}
</main>
"""
    + _FOOT
)
