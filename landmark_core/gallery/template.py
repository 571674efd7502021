"""The template of a run's page; `page` fills it, and Jinja escapes what it is filled with."""

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src 'self' file: data:; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{{ number(summary.counts.photos) }} photos, run {{ summary.run_id }}</title>
<style>{{ style }}</style>
</head>
<body>
<header>
<h1>{{ number(summary.counts.photos, "photo") }}
<small>{{ summary.finished_at.strftime("%A, %d %B %Y, %H:%M UTC") }}</small></h1>
<p class="soft">{{ summary.settings["source"] | string | shown }} ·
model {{ summary.model.name | shown }} ({{ summary.model.model_id | shown }}) ·
run {{ summary.run_id }}</p>
</header>
{% if summary.counts.photos %}
<div class="whole" aria-hidden="true">
{% for bar in bars if bar.photos %}
<span class="{{ bar.key }}" style="flex-grow:{{ bar.photos }}"></span>
{% endfor %}
</div>
<dl class="counts">
{% for bar in bars %}
<div><dt><i class="{{ bar.key }}"></i>{{ bar.title }}</dt>
<dd>{{ number(bar.photos) }} <small>{{ bar.share | percent }}</small></dd></div>
{% endfor %}
</dl>
{% else %}
<p>Nothing was to do: {{ number(summary.plan.already_done, "photo") }} done before.</p>
{% endif %}
{% if tags %}
<h2>Tags found</h2>
<ul class="tags">
{% for tag, photos in tags %}
<li>{{ tag | shown }} <b>{{ number(photos) }}</b></li>
{% endfor %}
{% if more_tags %}
<li class="soft">and {{ number(more_tags) }} more</li>
{% endif %}
</ul>
{% endif %}
{% for group in groups %}
<h2>{{ group.title | capitalize }}
<small>{{ number(group.examples | length, "example") }}, surest first</small></h2>
<div class="pictures">
{% for example in group.examples %}
<figure title="{{ example.uri | shown }}">
<span class="frame"><img src="{{ example.jpeg | inline }}" alt=""
  width="{{ example.width }}" height="{{ example.height }}"></span>
<figcaption><b>{{ example.tag | shown }}</b> {{ example.confidence | percent }}
<span class="name">{{ example.uri | file_name }}</span></figcaption>
</figure>
{% endfor %}
</div>
{% endfor %}
{% if page.heatmaps %}
<h2>Heatmaps to review <small>{{ number(page.heatmaps | length) }} of
{{ number(summary.counts.heatmaps) }}, least sure first</small></h2>
<p class="soft">Where the model looked for its best tag. <code>landmarks review OUT</code> asks
about all of them.</p>
<div class="heatmaps">
{% for row in page.heatmaps %}
<a href="{{ row.heatmap | beside }}" title="{{ row.uri | shown }}"><figure>
<img src="{{ row.heatmap | beside }}" loading="lazy" alt="Heatmap of {{ row.uri | file_name }}">
<figcaption><b>{{ (row.tag or "") | shown }}</b> {{ (row.confidence or 0) | percent }}
<span class="name">{{ row.uri | file_name }}</span></figcaption>
</figure></a>
{% endfor %}
</div>
{% endif %}
{% if page.failures %}
<h2>Unreadable <small>{% for kind, photos in kinds if photos %}
{{ number(photos) }} {{ kind }}{{ ", " if not loop.last }}
{% endfor %}</small></h2>
<div class="scroll"><table>
<tr><th>kind</th><th>photo</th><th>why</th></tr>
{% for row in page.failures %}
<tr><td>{{ row.status }}</td><td class="path">{{ row.uri | shown }}</td>
<td>{{ (row.error or "") | shown }}</td></tr>
{% endfor %}
</table></div>
{% endif %}
<footer class="soft">
{% if page.parts < summary.plan.shards %}
<p>Chosen from {{ number(page.parts) }} of {{ number(summary.plan.shards) }} parts, spread over
the run.</p>
{% endif %}
<p>Landmark tagger {{ summary.version }}. Photos that have gone or changed since are not shown.</p>
</footer>
</body>
</html>
"""
