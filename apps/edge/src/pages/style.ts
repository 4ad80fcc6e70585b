/** The one style sheet, written into each page. */
export const STYLE = `
:root{color-scheme:light dark;--ink:#17202a;--soft:#536273;--line:#d5dce4;--edge:#808d9b;--paper:#fff;--well:#f4f6f8;--accent:#1d5a9e;--on:#eaf1f9;--warn:#6d4300;--warnbg:#fdf3df;--bad:#a3271c;--good:#1f6b3a}
@media (prefers-color-scheme:dark){:root{--ink:#e4e9ef;--soft:#9dabba;--line:#2b3642;--edge:#6f7d8c;--paper:#10151b;--well:#181f27;--accent:#8fbcf5;--on:#16263a;--warn:#f5d08a;--warnbg:#2c220e;--bad:#ff9d92;--good:#86d3a0}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
.top,main{max-width:74rem;margin:0 auto;padding:0 1.5rem}
.top{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1.5rem;padding-top:1.25rem}
.top nav{display:flex;gap:1.25rem}
.brand{font-weight:600;color:var(--ink);text-decoration:none}
main{padding-top:2rem;padding-bottom:5rem}
h1{font-size:1.9rem;line-height:1.2;letter-spacing:-.01em;margin:0 0 .35rem;overflow-wrap:anywhere}
h2{font-size:1.2rem;line-height:1.3;margin:3rem 0 .6rem}
h3{font-size:.95rem;margin:1.6rem 0 .4rem}
h4{font-size:.9rem;font-weight:500;margin:.9rem 0 .1rem}
p{margin:.35rem 0}
a{color:var(--accent);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.lead{color:var(--soft);font-size:1.05rem;margin-bottom:1.5rem}
.hint,.where,small{color:var(--soft)}
.hint,.where{font-size:.875rem}
small{font-size:.8125rem;line-height:1.35}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.warn{background:var(--warnbg);color:var(--warn);padding:.7rem .9rem;border-radius:.4rem;margin:.8rem 0}
.warn a{color:inherit}
.warn h2{margin:0 0 .3rem}
.note{border-left:3px solid var(--accent);padding:.1rem 0 .1rem .8rem;margin:.9rem 0;font-size:.9rem;overflow-wrap:anywhere}
.fault{color:var(--bad);font-size:.9rem;font-weight:500;margin:.2rem 0}
.fault:empty{display:none}
.bad{color:var(--bad)}
.guide{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:1.5rem 3rem;align-items:start}
.aside{position:sticky;top:1rem}
#result{border:1px solid var(--edge);border-radius:.6rem;padding:1.1rem 1.25rem 1.25rem}
#result>h2{margin-top:0}
#about{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:0 3rem;margin-top:1.5rem}
#about section{border-top:1px solid var(--line);min-width:0}
#about .ways,#about .check{grid-column:1/-1}
.ways>div{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,22rem),1fr));gap:0 3rem}
.ways>div>*{min-width:0}
fieldset{border:0;padding:0;margin:0 0 2rem;min-width:0}
legend{font-weight:600;font-size:1.05rem;padding:0;margin-bottom:.5rem}
fieldset:disabled{opacity:.75}
#variants{margin-top:.75rem}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(13rem,1fr));gap:.5rem}
.card{display:flex;gap:.6rem;align-items:flex-start;border:1px solid var(--edge);border-radius:.5rem;padding:.55rem .7rem;cursor:pointer}
.card b{display:block;font-weight:600;font-size:.95rem}
.card small{display:block}
.two{grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr))}
.card:has(:checked){border-color:var(--accent);background:var(--on);box-shadow:inset 0 0 0 1px var(--accent)}
.card:has(:focus-visible){outline:2px solid var(--accent);outline-offset:2px}
.card:has(:disabled){border-style:dashed;cursor:not-allowed}
.card input{accent-color:var(--accent);margin:.28rem 0 0;flex:none;outline:0}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:.75rem}
.field{margin-top:.75rem}
label{font-weight:500;font-size:.95rem}
input:not([type=radio]),select,textarea{display:block;width:100%;margin-top:.25rem;padding:.45rem .6rem;border:1px solid var(--edge);border-radius:.4rem;background:var(--paper);color:var(--ink);font:inherit;font-size:1rem}
textarea,#cmdline{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,monospace;font-size:.85rem}
textarea{resize:vertical}
[aria-invalid=true]{border-color:var(--bad)!important;border-width:2px!important}
::placeholder{color:var(--soft);opacity:1}
details{border-top:1px solid var(--line);padding:.8rem 0;margin-bottom:1.5rem}
summary{cursor:pointer;font-weight:600}
.code{display:flex;gap:1rem;align-items:flex-start;justify-content:space-between;margin-top:.7rem}
button{font:inherit;font-weight:600;font-size:.9rem;padding:.4rem .9rem;border-radius:.4rem;border:1px solid var(--accent);background:var(--accent);color:var(--paper);cursor:pointer}
.submit button{font-size:1rem;padding:.55rem 1.2rem}
.line{display:flex;gap:.5rem;align-items:flex-start;margin:.25rem 0}
.line pre{flex:1;min-width:0}
.line button{margin-top:.3rem;flex:none}
.plain{background:none;color:var(--accent)}
.jump{display:none}
pre{background:var(--well);border:1px solid var(--line);border-radius:.4rem;padding:.65rem .8rem;margin:.3rem 0;white-space:pre-wrap;overflow-wrap:anywhere;font:.84rem/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,monospace}
#line-0{font-size:.95rem}
code,.digest{font-family:ui-monospace,"DejaVu Sans Mono",Menlo,monospace;font-size:.86em}
.digest{font-size:.8em;overflow-wrap:anywhere;color:var(--soft)}
.qr{display:block;flex:0 1 11rem;width:11rem;border:1px solid var(--line);border-radius:.3rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:.3rem 0;font-size:.9rem}
dt{color:var(--soft)}
dd{margin:0;min-width:0;overflow-wrap:anywhere}
ul{margin:.3rem 0;padding-left:1.1rem}
.tests{list-style:none;padding:0;font-size:.9rem}
.tests li{display:flex;justify-content:space-between;gap:1rem;border-bottom:1px solid var(--line);padding:.2rem 0}
.tests li>:last-child{text-align:right;font-variant-numeric:tabular-nums}
.booted>:last-child{color:var(--good)}
.failed>:last-child{color:var(--bad)}
.columns{display:grid;grid-template-columns:minmax(0,2fr) minmax(0,1fr);gap:0 3rem}
.columns h3{margin-top:.4rem}
.image{border-top:1px solid var(--line);margin-top:2rem}
.image h2{margin-top:1rem;margin-bottom:.1rem}
.stage{color:var(--ink)}
.entries{columns:14rem;padding:0;list-style:none}
.num{white-space:nowrap}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.93rem}
th{text-align:left;font-weight:600;color:var(--soft)}
th,td{padding:.4rem .9rem .4rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th.num,td.num{text-align:right;padding-right:0;font-variant-numeric:tabular-nums}
@media (max-width:56rem){.guide{grid-template-columns:minmax(0,1fr)}.columns{grid-template-columns:minmax(0,1fr)}.aside{position:static}.jump{display:block;position:sticky;bottom:0;background:var(--paper);border-top:1px solid var(--line);padding:.7rem 0;text-align:center;font-weight:600}}
@media (max-width:40rem){.line{flex-direction:column;align-items:stretch;gap:0}.top,main{padding-left:1rem;padding-right:1rem}h1{font-size:1.6rem}thead{display:none}tr{display:block;padding:.45rem 0;border-bottom:1px solid var(--line)}td,td.num{display:block;padding:0;border:0;text-align:left;overflow-wrap:anywhere}td.num{color:var(--soft)}}
@media (forced-colors:active){.card:has(:checked){outline:3px solid Highlight}}
@media print{.aside{position:static}.top nav,.jump,button{display:none}}
`;
