// The look of the status page: light and dark, no animation for who asked for none, no state by colour alone.

export const pageStyle = `
:root { color-scheme: light dark;
  --paper: #f6f6f3; --card: #fff; --ink: #1c1f23; --soft: #5c636b; --line: #d9dad5;
  --good: #17703f; --busy: #8a5a00; --bad: #b3261e; --accent: #2c5fa8 }
@media (prefers-color-scheme: dark) { :root {
  --paper: #15181c; --card: #1e2227; --ink: #e8e8e4; --soft: #a0a7af; --line: #343a41;
  --good: #6fcf97; --busy: #f0b849; --bad: #ff8a80; --accent: #8ab4f8 } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 1120px; padding: 20px 16px 48px; background: var(--paper); color: var(--ink);
  font: 15px/1.45 system-ui, sans-serif; font-variant-numeric: tabular-nums }
header { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline }
h1 { font-size: 22px; margin: 0 } h2 { font-size: 16px; margin: 28px 0 8px } h3 { font-size: 13px; margin: 0 }
#state, #head { color: var(--soft) } #state .mood { margin-right: 12px } b { color: var(--ink); font-weight: 600; margin-right: 12px; white-space: nowrap }
.mood { font-weight: 600 } .good { --mood: var(--good) } .busy { --mood: var(--busy) } .bad { --mood: var(--bad) }
.mood { color: var(--mood) } .plain { --mood: var(--soft) }
#lost { margin: 12px 0 0; padding: 8px 12px; border: 1px solid var(--bad); border-radius: 8px; color: var(--bad) }
[hidden] { display: none }
.card, .tile, details, table { background: var(--card); border: 1px solid var(--line); border-radius: 8px }
.card { margin-top: 16px; padding: 8px; overflow-x: auto } .card svg { display: block; width: 100%; min-width: 640px }
.box rect { fill: var(--card); stroke: var(--mood); stroke-width: 1.5 }
.box text { text-anchor: middle } .title { fill: var(--ink); font-weight: 600; font-size: 15px }
.note { fill: var(--mood); font-size: 13px } .rate { fill: var(--soft); font-size: 13px; text-anchor: end; paint-order: stroke; stroke: var(--card); stroke-width: 5px }
.edge { fill: none; stroke: var(--line); stroke-width: 2 } .ask { stroke-dasharray: 2 5; stroke-width: 1.5 }
.flow { stroke: var(--accent); stroke-dasharray: 8 6; animation: flow 1s linear infinite }
.broken { stroke: var(--bad); stroke-dasharray: 3 7 }
@keyframes flow { to { stroke-dashoffset: -14 } }
@media (prefers-reduced-motion: reduce) { .flow { animation: none } }
#tiles { display: grid; gap: 12px; margin-top: 12px; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)) }
.tile { padding: 10px 12px; position: relative } .tile h3, small, caption { color: var(--soft); font-weight: 500 }
.tile p { margin: 2px 0; font-size: 22px; font-weight: 600 }
.spark { display: block; width: 100%; height: 24px; margin-top: 4px }
.spark polyline { fill: none; stroke: var(--accent); stroke-width: 1.5; vector-effect: non-scaling-stroke }
#tables { columns: 2 440px; column-gap: 12px } #tables table { break-inside: avoid; margin-bottom: 12px }
table { width: 100%; border-spacing: 0; padding: 6px 12px 8px } caption { text-align: left; padding: 8px 2px 4px }
th, td { padding: 3px 10px 3px 0; text-align: right; font-weight: 400; overflow-wrap: anywhere }
th:first-child { text-align: left; overflow-wrap: normal } #tables th { white-space: nowrap } thead th { color: var(--soft); border-bottom: 1px solid var(--line) }
#settings th, #settings td { text-align: left }
details { padding: 8px 12px; margin-top: 8px } summary { cursor: pointer } summary > * { margin-right: 10px }
summary span { color: var(--soft) } details p { margin: 8px 0 }
.strip { display: block; width: 100%; height: 24px } .strip line { stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke }
.strip .axis { stroke: var(--line) } ol { margin: 4px 0 8px; padding: 0; list-style: none }
ol span { display: inline-block; min-width: 84px; color: var(--soft); text-align: right; padding-right: 12px }
.none, footer { color: var(--soft) } footer { margin-top: 28px; font-size: 13px } a { color: var(--accent) }
`
