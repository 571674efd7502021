"""The report's page as a Jinja template (https://jinja.palletsprojects.com/templates/).

It lies in a module, not in a file beside it, so that no packaging can lose it.
"""

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ report.title|shown }}</title>
<style>{{ style }}</style>
</head>
<body>
<h1>{{ report.title|shown }}</h1>
<p class="soft">{{ report.made_at.strftime("%Y-%m-%d %H:%M UTC") }} ·
{{ "{:,}".format(judgement.figures.photos) }} photos judged:
{{ "{:,}".format(judgement.figures.landmarks) }} of landmarks in
{{ judgement.figures.classes }} classes,
{{ "{:,}".format(judgement.figures.others) }} of other things</p>
<div class="headlines">
{% for line in headlines %}
<p>{{ line }}</p>
{% endfor %}
{% for line in report.advice %}
<p>{{ line|shown }}</p>
{% endfor %}
</div>
{% for note in report.notes %}
<p><b>Note:</b> {{ note|shown }}</p>
{% endfor %}
{% if report.comparison %}
<p>Beside the champion: <span class="{{ 'good' if report.comparison.better else 'soft' }}">
{{ report.comparison.reason|shown }}</span></p>
{% endif %}

<h2>Figures</h2>
<div class="scroll"><table>
<tr><th>figure</th><th class="number">all photos</th>
{% if judgement.folds %}
<th class="number">mean ± deviation of {{ judgement.folds|length }} folds</th>
{% endif %}
<th>what it says</th></tr>
{% for row in rows %}
<tr><td>{{ row.name }}</td><td class="number">{{ row.value }}</td>
{% if judgement.folds %}
<td class="number">{{ row.folds or nothing }}</td>
{% endif %}
<td class="soft">{{ row.meaning }}</td></tr>
{% endfor %}
</table></div>
{% if judgement.folds and judgement.calibrations|length > 1 %}
<p class="soft">Each fold was judged with a temperature and thresholds that the other folds gave,
so no photo had a say in its own judgement. A fold has few photos: compare its ECE with the one
that chance alone makes.</p>
{% endif %}

<h2>How sure it is</h2>
<div class="diagrams">
{% if diagrams.reliability is defined %}
<figure>{{ diagrams.reliability }}<figcaption>Reliability. Bars on the line: of the landmark photos
with this confidence, so many have the right tag.</figcaption></figure>
{% endif %}
{% if diagrams.confidences is defined %}
<figure>{{ diagrams.confidences }}<figcaption>Confidence. The further apart landmarks and other
things lie, the fewer photos a person has to look at.</figcaption></figure>
{% endif %}
{% if diagrams.risk is defined %}
<figure>{{ diagrams.risk }}<figcaption>Risk and coverage. Tagging only the surest photos: how many
of the tags would be wrong.</figcaption></figure>
{% endif %}
</div>
<p>Decisions: <b>tagged</b> from a confidence of {{ released.thresholds.tagged_from }}
{%- for name, limit in released.thresholds.per_class|dictsort %}
{{- "; " if loop.first else ", " }}{{ name|shown }} from {{ limit }}
{%- endfor %}.
{% if released.thresholds.no_landmark_below is not none %}
<b>No landmark</b> below a confidence of {{ released.thresholds.no_landmark_below }}.
{% endif %}
{% if released.thresholds.no_landmark_energy_above is not none %}
<b>No landmark</b> above an energy of {{ released.thresholds.no_landmark_energy_above }}.
{% endif %}
Everything else goes to <b>review</b>. Temperature {{ released.temperature }}.</p>

<h2>Classes</h2>
<div class="sorted">
<input type="radio" name="sort" id="by-f1" checked><input type="radio" name="sort" id="by-name">
<input type="radio" name="sort" id="by-photos"><input type="radio" name="sort" id="by-precision">
<input type="radio" name="sort" id="by-recall">
<p class="sort">Sort by <label for="by-f1">F1, worst first</label>
<label for="by-name">name</label> <label for="by-photos">photos</label>
<label for="by-precision">precision</label> <label for="by-recall">recall</label></p>
<div class="scroll"><div class="rows" role="table">
<div class="head" role="row"><span role="columnheader">class</span>
{% for name in ("photos", "F1", "precision", "recall", "tagged", "of these right") %}
<span class="number" role="columnheader">{{ name }}</span>
{% endfor %}
<span role="columnheader">most often taken for</span></div>
{% for row in classes %}
<div class="class" role="row" style="{{ row.places }}">
<span role="cell">{{ row.figures.name|shown }}{% if not row.figures.known %}
 <b class="bad">not in the model</b>{% endif %}</span>
<span class="number" role="cell">{{ row.figures.photos }}</span>
<span class="number" role="cell">{{ "%.2f"|format(row.figures.f1) }}</span>
<span class="number" role="cell">{{ row.figures.precision|percent(0) }}</span>
<span class="number" role="cell">{{ row.figures.recall|percent(0) }}</span>
<span class="number" role="cell">{{ row.figures.tagged|percent(0) }}</span>
<span class="number" role="cell">{{ row.figures.tagged_precision|percent(0) }}</span>
<span role="cell">{% if row.figures.confused %}{{ row.figures.confused_with|shown }}
({{ row.figures.confused }}){% endif %}</span></div>
{% endfor %}
</div></div></div>
<p class="soft">Tagged: share of the class's photos that get a tag without review. Of these right:
of all photos that get this tag without review, other things among them.</p>

{% if diagrams.confusion is defined %}
<h2>What is taken for what</h2>
<div class="scroll">{{ diagrams.confusion }}</div>
{% endif %}
{% if pairs %}
<p>Most often confused:
{%- for pair in pairs %} {{ pair.truth|shown }} taken for {{ pair.tag|shown }} ({{ pair.photos }})
{{- "." if loop.last else "," }}{% endfor %}</p>
{% endif %}

{% if judgement.errors %}
<h2>The worst errors</h2>
<p class="soft">Photos of other things that got a tag, and landmarks whose best tag is wrong: first
those that nobody would have checked, the surest first. Beside each photo, where the model saw what
it named: the warmer, the more.</p>
<div class="errors">
{% for error in judgement.errors %}
<div class="card">
{% if error.digest in report.pictures.photos %}
<div class="pair"><img alt="the photo" src="{{ report.pictures.photos[error.digest]|inline }}">
{% if error.digest in report.pictures.heatmaps %}
<img alt="heatmap of the wrong tag" src="{{ report.pictures.heatmaps[error.digest]|inline }}">
{% endif %}
</div>
{% else %}
<div class="missing">no picture</div>
{% endif %}
<p><b class="bad">{{ error.tag|shown }}</b> {{ error.confidence|percent }}
({{ error.decision.replace("_", " ") }}) · labelled <b>{{ error.label|shown }}</b></p>
<p class="path">{{ error.uri|shown }}</p>
</div>
{% endfor %}
</div>
{% endif %}

{% if doubts %}
<h2>Labels in doubt</h2>
<p>{{ judgement.doubts|length }} of {{ judgement.figures.photos }} labels are probably wrong, or the
photo shows little of its landmark. The most doubtful come first
{%- if judgement.doubts|length > doubts|length %}; {{ doubts|length }} are shown{% endif %}.
Move the photo to another folder, or leave it: nothing was changed.</p>
<div class="doubts">
{% for doubt in doubts %}
<div class="card">
{% if doubt.digest in report.pictures.photos %}
<img alt="the photo" src="{{ report.pictures.photos[doubt.digest]|inline }}">
{% else %}
<div class="missing">no picture</div>
{% endif %}
<p>labelled <b>{{ doubt.label|shown }}</b> ({{ doubt.confidence_in_label|percent(0) }}),
rather <b class="bad">{{ doubt.suggested|shown }}</b>
({{ doubt.confidence_in_suggested|percent(0) }})</p>
<p class="path">{{ doubt.uri|shown }}</p>
</div>
{% endfor %}
</div>
{% endif %}

{% if diagrams.training is defined %}
<h2>Training</h2>
<div class="scroll">{{ diagrams.training }}</div>
{% endif %}
{% if report.data_report %}
<h2>Data</h2>
<pre>{{ report.data_report|lines }}</pre>
{% endif %}
{% if report.failures %}
<h2>Photos that could not be judged</h2>
<p>{{ report.failures|length }} photos
{%- if report.failures|length > failures|length %}; {{ failures|length }} are shown{% endif %}.</p>
<div class="scroll"><table>
{% for uri, reason in failures %}
<tr><td class="path">{{ uri|shown }}</td><td class="soft">{{ reason|shown }}</td></tr>
{% endfor %}
</table></div>
{% endif %}
{% if report.facts %}
<h2>Settings and digests</h2>
<div class="scroll"><table>
{% for name, value in report.facts %}
<tr><th>{{ name|shown }}</th><td class="path">{{ value|shown }}</td></tr>
{% endfor %}
</table></div>
{% endif %}
</body>
</html>
"""
