"""How names in East Asian scripts are read in Latin letters.

A Chinese character says nothing of the language it is read in: a Korean or Japanese name in such
characters gets its own reading beside the Chinese one. Only common name characters are here.
"""

# Hangul syllables whose usual spelling in names differs from the letter-by-letter one.
HANGUL = dict(
    pair.split("=")
    for pair in """김=kim 이=lee 리=ri 박=park 최=choi 정=jong 조=cho 강=kang 장=jang 임=lim 림=rim
    오=oh 한=han 신=shin 서=seo 권=kwon 황=hwang 안=an 송=song 유=yoo 류=ryu 홍=hong 전=jon 고=ko
    문=moon 손=son 양=yang 배=bae 백=paek 허=heo 남=nam 심=shim 노=noh 로=ro 하=ha 곽=kwak 성=sung
    차=cha 주=ju 우=woo 구=ku 민=min 진=jin 지=ji 현=hyun 영=yong 은=un 일=il 용=yong 철=chol
    명=myong 수=su 호=ho 희=hee 경=kyong 순=sun 숙=suk 옥=ok 혁=hyok 원=won 근=kun 국=guk 식=sik
    학=hak 룡=ryong 선=son 형=hyong 준=jun 재=jae 석=sok 규=kyu 태=tae 종=jong 창=chang 대=dae
    광=kwang 복=bok 인=in 기=ki 승=sung 상=sang 동=dong 훈=hoon 연=yon 윤=yoon 엄=om 천=chon 해=hae
    여=yo 혜=hye 미=mi 나=na 건=gon 만=man 걸=gol 덕=dok 봉=bong 춘=chun""".split()  # noqa: SIM905
)
HANGUL_SURNAMES_LONG = frozenset({"남궁", "황보", "제갈", "선우", "독고", "사공"})

# Characters in Korean names; the first group are surnames, and open the Korean reading.
HANJA_SURNAMES = dict(
    pair.split("=")
    for pair in """金=kim 李=ri 朴=pak 崔=choe 鄭=jong 郑=jong 趙=cho 赵=cho 姜=kang 張=jang 张=jang
    韓=han 韩=han 吳=o 吴=o 申=sin 徐=so 權=kwon 权=kwon 黃=hwang 黄=hwang 安=an 宋=song 柳=ryu
    洪=hong 全=jon 高=ko 文=mun 孫=son 孙=son 梁=ryang 裵=pae 白=paek 許=ho 许=ho 南=nam
    玄=hyon 池=ji 太=thae""".split()  # noqa: SIM905
)
HANJA = HANJA_SURNAMES | dict(
    pair.split("=")
    for pair in """正=jong 恩=un 日=il 成=song 英=yong 哲=chol 明=myong 秀=su 浩=ho 姬=hui 京=kyong
    敬=kyong 順=sun 淑=suk 玉=ok 革=hyok 元=won 根=kun 國=guk 国=guk 植=sik 學=hak 学=hak 龍=ryong
    龙=ryong 善=son 亨=hyong 俊=jun 在=jae 錫=sok 泰=tae 鍾=jong 昌=chang 大=dae 光=kwang 福=bok
    仁=in 基=ki 承=sung 相=sang 東=dong 东=dong 勳=hun 賢=hyon 贤=hyon 永=yong 海=hae 與=yo 松=song
    珠=ju 愛=ae 与=yo 男=nam 信=sin 民=min 鎬=ho 虎=ho 春=chun 和=hwa 春=chun 銀=un 银=un 镇=jin
    鎮=jin 智=ji 星=song 宰=jae 炫=hyon 寅=in""".split()  # noqa: SIM905
)

# Japanese surnames; one of them at the start opens the Japanese reading.
JAPANESE_SURNAMES = dict(
    pair.split("=")
    for pair in """佐藤=sato 鈴木=suzuki 高橋=takahashi 田中=tanaka 伊藤=ito 渡辺=watanabe
    渡邊=watanabe 山本=yamamoto 中村=nakamura 小林=kobayashi 加藤=kato 吉田=yoshida 山田=yamada
    佐々木=sasaki 山口=yamaguchi 松本=matsumoto 井上=inoue 木村=kimura 斎藤=saito 齋藤=saito
    斉藤=saito 清水=shimizu 山崎=yamazaki 池田=ikeda 阿部=abe 安倍=abe 橋本=hashimoto 山下=yamashita
    石川=ishikawa 中島=nakajima 前田=maeda 藤田=fujita 小川=ogawa 後藤=goto 岡田=okada
    長谷川=hasegawa 村上=murakami 近藤=kondo 石井=ishii 坂本=sakamoto 遠藤=endo 青木=aoki
    藤井=fujii 西村=nishimura 福田=fukuda 太田=ota 三浦=miura 岡本=okamoto 松田=matsuda
    中川=nakagawa 中野=nakano 原田=harada 小野=ono 田村=tamura 竹内=takeuchi 金子=kaneko
    和田=wada 中山=nakayama 石田=ishida 上田=ueda 森田=morita 柴田=shibata 酒井=sakai
    工藤=kudo 横山=yokoyama 宮崎=miyazaki 宮本=miyamoto 内田=uchida 高木=takagi 安藤=ando
    谷口=taniguchi 大野=ono 丸山=maruyama 今井=imai 河野=kono 藤原=fujiwara 小山=koyama
    野村=nomura 松井=matsui 菊地=kikuchi 岸田=kishida 石破=ishiba 高市=takaichi 菅=suga 森=mori
    麻生=aso 小泉=koizumi 黒田=kuroda 本田=honda 豊田=toyoda 麻原=asahara 松尾=matsuo
    久保=kubo 上野=ueno 杉山=sugiyama 千葉=chiba 桜井=sakurai 野口=noguchi 新井=arai
    増田=masuda 平野=hirano 大塚=otsuka 小島=kojima 東=higashi 林=hayashi 原=hara""".split()  # noqa: SIM905
)
JAPANESE_GIVEN = dict(
    pair.split("=")
    for pair in """太郎=taro 次郎=jiro 一郎=ichiro 三郎=saburo 花子=hanako 健=ken 健一=kenichi
    誠=makoto 隆=takashi 浩=hiroshi 博=hiroshi 茂=shigeru 実=minoru 進=susumu 勇=isamu 清=kiyoshi
    明=akira 昭=akira 正=tadashi 修=osamu 学=manabu 聡=satoshi 剛=tsuyoshi 豊=yutaka 晋三=shinzo
    文雄=fumio 茂雄=shigeo 早苗=sanae 義偉=yoshihide 純一郎=junichiro 太一=taichi 翔太=shota
    大輔=daisuke 拓也=takuya 達也=tatsuya 直樹=naoki 直人=naoto 和也=kazuya 健太=kenta 雄太=yuta
    裕子=yuko 陽子=yoko 恵子=keiko 京子=kyoko 幸子=sachiko 和子=kazuko 洋子=yoko 美智子=michiko
    由美子=yumiko 久美子=kumiko 智子=tomoko 直美=naomi 真由美=mayumi 愛=ai 恵=megumi 翔=sho
    蓮=ren 陽菜=hina 結衣=yui 美咲=misaki 英樹=hideki 秀樹=hideki 哲也=tetsuya 浩二=koji
    智津夫=chizuo 彰晃=shoko 治=osamu 孝=takashi 弘=hiroshi 武=takeshi""".split()  # noqa: SIM905
)

CHINESE_SURNAMES_LONG = frozenset(
    {"欧阳", "歐陽", "司马", "司馬", "诸葛", "諸葛", "上官", "司徒", "夏侯", "东方", "東方"}
)
