"""The template of the dashboard; Jinja escapes what it is filled with."""

TEMPLATE = """{% macro draw(chart, what) %}
<div class="chart">
<svg viewBox="0 0 {{ chart.width | units }} {{ high | units }}" preserveAspectRatio="none"
  role="img" aria-label="{{ what }}">
{% for column in chart.columns %}
<g><title>{{ column.title | shown }}</title>{% for block in column.blocks %}
<rect class="{{ block.kind }}" x="{{ block.x | units }}" y="{{ block.y | units }}"
 width="{{ block.width | units }}" height="{{ block.height | units }}"/>{% endfor %}</g>
{% endfor %}
</svg>
<div class="labels" aria-hidden="true">
{% for label in chart.labels %}
<span class="{{ label.anchor }}" style="left:{{ label.left | units }}%">{{ label.text }}</span>
{% endfor %}
</div>
</div>
{% endmacro %}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="landmarks">
<meta name="referrer" content="no-referrer">
<title>{{ number(status.photos, "photo") }}, {{ out | shown }}</title>
<style>{{ style }}</style>
</head>
<body>
<header>
<h1>{{ number(status.photos, "photo") }}
<small>{{ now.strftime("%A, %d %B %Y, %H:%M UTC") }}</small></h1>
<p class="soft">{{ out | shown }}</p>
</header>
<main>
<div class="whole" aria-hidden="true">
{% for share in shares if share.photos %}
<span class="{{ share.kind }}" style="flex-grow:{{ share.photos }}"></span>
{% endfor %}
</div>
<dl class="counts">
{% for share in shares %}
<div><dt><i class="{{ share.kind }}"></i>{{ share.title }}</dt>
<dd>{{ number(share.photos) }} <small>{{ share.share | percent }}</small></dd></div>
{% endfor %}
</dl>
{% if status.review or status.reviewers or status.skipped %}
<h2>People</h2>
<p>{{ number(status.review, "photo") }} waiting for a person{% if status.review %}:
<code>landmarks review {{ out | quoted | shown }}</code>{% endif %}.
{% if status.reviewers or status.skipped %}
 {{ number(status.reviewed) }} settled by {% if status.reviewers | length == 1 %}
{{ status.reviewers[0][0] | shown }}{% else %}people{% for name, photos in status.reviewers %}
{{ ":" if loop.first else "," }} {{ name | shown }} {{ number(photos) }}{% endfor %}{% endif %}.
{% if status.skipped %}{{ number(status.skipped) }} skipped.{% endif %}
{% if status.disagreements %}On {{ number(status.disagreements, "photo") }} people disagree.
{% endif %}{% endif %}</p>
{% endif %}
{% if status.landmarks %}
<h2>Landmarks <small>{{ number(status.landmarks_known) }} seen{% if more_landmarks %},
the first {{ number(status.landmarks | length) }}{% endif %}</small></h2>
<ul class="legend"><li><i class="dot tagged"></i>tagged</li>
<li><i class="dot review"></i>to review, by the model's best guess</li></ul>
<ul class="landmarks">
{% for one in status.landmarks %}
<li><p><b>{{ one.tag | shown }}</b>
<span>{{ number(one.photos) }}{% if one.by_people %} <small class="soft">{{ number(one.by_people) }}
by people</small>{% endif %}{% if one.waiting %} <small class="soft">+{{ number(one.waiting) }}
to review</small>{% endif %}</span></p>
<div class="bar" aria-hidden="true">{% if one.photos %}
<i class="tagged" style="width:{{ (100 * one.photos / most) | units }}%"></i>{% endif %}
{% if one.waiting %}
<i class="review" style="width:{{ (100 * one.waiting / most) | units }}%"></i>{% endif %}</div></li>
{% endfor %}
</ul>
{% endif %}
{% if months %}
<h2>By month of the file's last change <small>UTC</small></h2>
<ul class="legend">{% for share in shares %}<li><i class="dot {{ share.kind }}"></i>
{{- share.title }}</li>{% endfor %}</ul>
{{ draw(months, "Photos by month of the file's last change") }}
<p class="soft">The highest column is {{ number(months.highest, "photo") }}.
{% if earlier %} {{ number(earlier, "photo") }} from before {{ first_month }}.{% endif %}
{% if without %} {{ number(without, "photo") }} without a time.{% endif %}
{% if months.has_breaks %} A gap stands for more than a year without photos.{% endif %}</p>
<details><summary>As numbers</summary><div class="scroll" tabindex="0"><table>
<tr><th>month</th>{% for share in shares %}<th class="number">{{ share.title }}</th>{% endfor %}
</tr>
{% for month in shown_months %}
<tr><td>{{ month.month }}</td>{% for share in shares %}
<td class="number">{{ number(month[share.kind]) }}</td>{% endfor %}</tr>
{% endfor %}
</table></div></details>
{% endif %}
{% if status.failures %}
<h2>Unreadable <small>an example of each</small></h2>
{% for kind in status.failures %}
<p><b>{{ number(kind.photos) }} {{ kind.status | shown }}</b><br>{{ kind.uri | shown }}<br>
<span class="soft">{{ kind.error | shown }}</span></p>
{% endfor %}
{% endif %}
{% if status.models %}
<h2>Models <small>rows that each wrote, by month of tagging, UTC</small></h2>
{% if models %}
{{ draw(models, "Rows by model and month of tagging") }}
{% endif %}
<div class="scroll" tabindex="0"><table>
<tr><th>model</th><th class="number">rows</th><th>first</th><th>last</th></tr>
{% for model in status.models | reverse %}
<tr><td><i class="dot {{ colours[model.model_id] }}"></i>
{%- if model.name %}{{ model.name | shown }}
<small class="soft">{{ model.model_id | shown }}</small>
{%- else %}{{ model.model_id | shown }}{% endif %}</td>
<td class="number">{{ number(model.rows) }}</td>
<td class="number">{{ model.first_tagged_at.strftime("%Y-%m-%d %H:%M") }}</td>
<td class="number">{{ model.last_tagged_at.strftime("%Y-%m-%d %H:%M") }}</td></tr>
{% endfor %}
</table></div>
{% endif %}
{% if runs %}
<h2>Runs <small>{% if status.runs | length > runs | length %}the last {{ runs | length }} of
{% endif %}{{ number(status.runs | length) }}</small></h2>
<div class="scroll" tabindex="0"><table>
{% for run in runs | reverse %}
<tr><td>{{ run.run_id | shown }}</td><td class="words">{{ run | ended }}</td></tr>
{% endfor %}
</table></div>
{% endif %}
</main>
<footer class="soft"><p>Landmark tagger {{ version }}: <code>landmarks status OUT --html FILE</code>
</p></footer>
</body>
</html>
"""
