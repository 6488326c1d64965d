# The pictures and words of make-lesson.sh, which reads this file. Pictures are SVG on standard output, 960x532.

# One chapter a line: name, then sentences of about four seconds.
chapters=(
    '选种|好种子是丰收的第一步。|先晒种两天，再用清水选种。|浮起来的空壳要捞出来。|饱满的种子沉在水底，留下来用。|每亩备足三公斤，不怕缺苗。'
    '育苗|苗床要选背风向阳的地方。|土要细，床要平，水要透。|播种以后盖一层薄土。|早晚看温度，中午要通风。|苗高三寸，就可以移栽。'
    '整地|冬天深耕，春天浅耕。|田要整平，水层才能一样深。|每亩施农家肥两千公斤。|把田埂补好，不让水跑掉。|整好的田，沉实一天再插秧。'
    '插秧|插秧要浅，行距要匀。|行距八寸，株距五寸。|每穴三到四株，不多不少。|插完当天，就要灌浅水。|三天以后查苗，缺的补上。'
    '灌溉|水稻一生，分段用水。|返青要深水，分蘖要浅水。|苗够了就晒田，让根往下长。|抽穗的时候，不能缺水。|收割前七天，把水放干。'
    '施肥|看天，看地，看苗施肥。|叶子发黄，是缺氮肥。|叶子发暗，可能缺磷肥。|少量多次，比一次多施好。|雨前不施，免得肥料流走。'
    '防虫|每三天到田里看一次。|先保护青蛙和蜘蛛，它们吃害虫。|虫少的时候，用灯诱杀。|打药要看风向，戴好口罩。|药瓶不要丢在水沟里。'
    '收割|九成黄的时候收割最好。|早收籽不满，晚收会掉粒。|看好天气，连晴三天再动手。|割下来的稻子，当天要脱粒。|稻草还田，明年土更肥。'
    '晾晒|新收的稻谷水分很高。|摊在晒场上，厚度不过两寸。|每小时翻一次，晒得均匀。|咬一粒，响亮清脆就干了。|下雨之前，一定要收好。'
    '入库|粮仓要先打扫，再消毒。|地面垫高，防潮防鼠。|装袋写上日期和品种。|每个月开仓，检查一次。|好好保管，一粒不浪费。'
)

# scene I N: picture I of N: the same fields through one day and one year.
scene() {
    awk -v i="$1" -v n="$2" '
    function mix(a, b, f) { return int(a + (b - a) * f + 0.5) }
    function rgb(r, g, b) { return sprintf("#%02x%02x%02x", r, g, b) }
    BEGIN {
        f = n > 1 ? i / (n - 1) : 0; day = sin(3.14159 * (0.15 + 0.7 * f))
        # sky: rose at the ends of the day, blue at noon
        top = rgb(mix(70, 58, day), mix(90, 140, day), mix(150, 215, day))
        low = rgb(mix(250, 205, day), mix(190, 232, day), mix(140, 245, day))
        # rice: from young green to gold
        ripe = f < 0.45 ? 0 : (f - 0.45) / 0.55
        near = rgb(mix(74, 214, ripe), mix(150, 168, ripe), mix(70, 52, ripe))
        deep = rgb(mix(38, 150, ripe), mix(104, 106, ripe), mix(52, 30, ripe))
        print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"532\" viewBox=\"0 0 960 532\">"
        print "<defs><linearGradient id=\"s\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\"><stop offset=\"0\" stop-color=\"" top "\"/><stop offset=\"1\" stop-color=\"" low "\"/></linearGradient>"
        print "<linearGradient id=\"f\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\"><stop offset=\"0\" stop-color=\"" near "\"/><stop offset=\"1\" stop-color=\"" deep "\"/></linearGradient></defs>"
        print "<rect width=\"960\" height=\"330\" fill=\"url(#s)\"/>"
        print "<path d=\"M0 300 C80 215 150 205 230 255 S380 170 470 225 S640 150 740 215 S890 190 960 240 V330 H0Z\" fill=\"" rgb(mix(120, 128, day), mix(118, 158, day), mix(150, 178, day)) "\"/>"
        print "<path d=\"M0 310 C140 250 210 285 330 265 S560 300 650 262 S860 250 960 285 V340 H0Z\" fill=\"" rgb(mix(78, 92, day), mix(104, 140, day), mix(96, 112, day)) "\"/>"
        print "<rect y=\"312\" width=\"960\" height=\"220\" fill=\"url(#f)\"/>"
        # the village: three houses under the hill
        for (h = 0; h < 3; h++) {
            x = 640 + h * 92; y = 282 + (h % 2) * 8
            printf "<path d=\"M%d %d l36 -24 l36 24z\" fill=\"#6b4a44\"/><rect x=\"%d\" y=\"%d\" width=\"60\" height=\"34\" fill=\"#f3ead8\"/><rect x=\"%d\" y=\"%d\" width=\"12\" height=\"22\" fill=\"#8a5a3c\"/><rect x=\"%d\" y=\"%d\" width=\"14\" height=\"12\" fill=\"#7fa6b8\"/>\n", x, y, x + 6, y, x + 14, y + 12, x + 40, y + 8
        }
        # the road of the tractor, and rows of rice towards the eye
        print "<path d=\"M0 408 H960 V436 H0Z\" fill=\"#b99a6b\"/><path d=\"M0 408 H960\" stroke=\"#8d7350\" stroke-width=\"3\"/><path d=\"M0 436 H960\" stroke=\"#8d7350\" stroke-width=\"3\"/>"
        for (r = 0; r < 12; r++) {
            y = r < 6 ? 326 + r * 14 : 452 + (r - 6) * 15; tall = (r < 6 ? 5 + r : 12 + (r - 6) * 2) * (0.5 + 0.7 * f); gap = r < 6 ? 12 + r : 20 + (r - 6) * 2
            printf "<path d=\""
            for (x = (r * 7) % gap; x < 960; x += gap) printf "M%d %d q-1 -%d -5 -%d M%d %d q0 -%d 1 -%d M%d %d q1 -%d 6 -%d ", x, y, tall, tall * 1.2, x, y, tall, tall * 1.4, x, y, tall, tall * 1.2
            printf "\" stroke=\"%s\" stroke-width=\"2.4\" fill=\"none\"/>\n", r % 2 ? near : rgb(mix(120, 240, ripe), mix(196, 205, ripe), mix(96, 90, ripe))
        }
        print "</svg>"
    }'
}

sun() {
    echo '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96"><defs><radialGradient id="g"><stop offset="0.45" stop-color="#fff2b0"/><stop offset="0.55" stop-color="#ffd65a" stop-opacity="0.7"/><stop offset="1" stop-color="#ffd65a" stop-opacity="0"/></radialGradient></defs><circle cx="48" cy="48" r="48" fill="url(#g)"/></svg>'
}

cloud() {
    echo '<svg xmlns="http://www.w3.org/2000/svg" width="240" height="84"><g fill="#ffffff" fill-opacity="0.85"><ellipse cx="70" cy="56" rx="62" ry="22"/><ellipse cx="112" cy="40" rx="48" ry="32"/><ellipse cx="164" cy="52" rx="60" ry="24"/><ellipse cx="120" cy="62" rx="104" ry="18"/></g></svg>'
}

tractor() {
    cat <<'SVG'
<svg xmlns="http://www.w3.org/2000/svg" width="150" height="92"><rect x="62" y="30" width="72" height="30" rx="6" fill="#d8432e"/><path d="M28 6 h40 l8 54 h-54z" fill="#c23a28"/><path d="M36 12 h26 l5 24 h-34z" fill="#bfe3f2"/><rect x="24" y="2" width="50" height="7" rx="3" fill="#7c2218"/><rect x="112" y="10" width="6" height="22" fill="#444"/><rect x="126" y="38" width="10" height="12" rx="2" fill="#ffe9a0"/><circle cx="44" cy="62" r="28" fill="#2b2b2b"/><circle cx="44" cy="62" r="14" fill="#e9b949"/><circle cx="116" cy="72" r="18" fill="#2b2b2b"/><circle cx="116" cy="72" r="8" fill="#e9b949"/></svg>
SVG
}
