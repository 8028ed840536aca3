#!/usr/bin/env python3
"""Writes the reference files of the tokenizer, prompt and sampler tests.

    python3 Tools/references/tokenization.py

trains a small Gemma-style SentencePiece model on the sample text below, converts it to a
tokenizer.json of Gemma's structure and writes what Hugging Face tokenizers, SentencePiece,
PaliGemmaProcessor and transformers' logits warpers make of a list of inputs to
Tests/Fixtures/tokenizers. With `--model DIRECTORY` it only encodes the same texts with
that directory's tokenizer.json and tokenizer.model and prints the cases, with `--random COUNT` random
strings instead.

Requires: pip install tokenizers==0.23.3 sentencepiece==0.2.3 transformers==5.23.0 torch pillow protobuf
"""

import argparse
import io
import json
import random
import sys
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Tokenizer, decoders, normalizers, pre_tokenizers, processors
from tokenizers.models import BPE

OUTPUT = Path(__file__).resolve().parents[2] / "Tests/Fixtures/tokenizers"

# Nouns, adjectives and sentence frames per language; every combination is one training sentence.
LANGUAGES = {
    "english": (
        ["a red circle", "two small squares", "the old wooden table", "a photograph of a street",
         "three blue triangles", "the reflection in the water", "a child with a kite"],
        ["on a green background", "in front of the window", "beside the sleeping dog", "under the bridge",
         "next to a bicycle", "behind the yellow curtain", "between two mountains"],
        ["In this picture there is {} {}.", "How many objects are there: {} {}?", "Describe {} {} in detail.",
         "We can't see {} {}, can we?"]),
    "german": (
        ["ein roter Kreis", "zwei kleine Häuser", "die große Brücke", "ein süßer Hund", "das weiße Schiff"],
        ["auf grünem Hintergrund", "vor dem Fenster", "neben der Straße", "über den Wolken", "zwischen den Bäumen"],
        ["Auf dem Bild ist {} {} zu sehen.", "Wo befindet sich {} {}?", "Außerdem zeigt es {} {}."]),
    "french": (
        ["un cercle rouge", "l'été à la plage", "une forêt enneigée", "deux garçons", "un château français"],
        ["devant la fenêtre", "au-dessus du pont", "près de l'étoile", "derrière l'église"],
        ["Voici {} {}.", "Qu'est-ce que c'est ? {} {} !", "On aperçoit {} {}…"]),
    "polish": (
        ["czerwone koło", "żółta łódź", "mały chłopiec", "dwie gałęzie"],
        ["na zielonym tle", "obok źródła", "przed wschodem słońca"],
        ["Na zdjęciu widać: {} {}.", "Gdzie jest {} {}?"]),
    "turkish": (
        ["kırmızı bir daire", "küçük ağaç", "İstanbul'da bir köprü"],
        ["yeşil zemin üzerinde", "pencerenin önünde", "gölün yanında"],
        ["Resimde {} {} görünüyor.", "Acaba {} {} nerede?"]),
    "vietnamese": (
        ["một hình tròn màu đỏ", "hai con mèo nhỏ", "cây cầu cũ"],
        ["trên nền xanh", "trước cửa sổ", "bên dòng sông"],
        ["Trong ảnh có {} {}.", "Bạn thấy {} {} ở đâu?"]),
    "russian": (
        ["красный круг", "два маленьких квадрата", "старый деревянный мост", "ребёнок с воздушным змеем",
         "спящая собака"],
        ["на зелёном фоне", "перед окном", "рядом с велосипедом", "между деревьями"],
        ["На этой картинке изображён {} {}.", "Сколько предметов: {} {}?", "Опишите {} {} подробно."]),
    "ukrainian": (
        ["червоне коло", "їжак і ґудзик", "маленька дівчинка"],
        ["на зеленому тлі", "біля вікна", "під дощем"],
        ["На світлині є {} {}.", "Де знаходиться {} {}?"]),
    "greek": (
        ["ένας κόκκινος κύκλος", "δύο μικρά τετράγωνα", "το παλιό γεφύρι", "η ήσυχη θάλασσα"],
        ["σε πράσινο φόντο", "μπροστά στο παράθυρο", "δίπλα στον δρόμο"],
        ["Στην εικόνα υπάρχει {} {}.", "Πού βρίσκεται {} {};"]),
    "arabic": (
        ["دائرة حمراء", "مربعان صغيران", "الجسر القديم", "طفل مع طائرة ورقية"],
        ["على خلفية خضراء", "أمام النافذة", "بجانب الطريق"],
        ["في هذه الصورة {} {}.", "أين توجد {} {}؟"]),
    "hebrew": (
        ["עיגול אדום", "שני ריבועים קטנים", "הגשר הישן"],
        ["על רקע ירוק", "מול החלון", "ליד הדרך"],
        ["בתמונה הזאת יש {} {}.", "איפה נמצא {} {}?"]),
    "hindi": (
        ["एक लाल वृत्त", "दो छोटे वर्ग", "पुराना पुल", "सोता हुआ कुत्ता"],
        ["हरे रंग की पृष्ठभूमि पर", "खिड़की के सामने", "सड़क के पास"],
        ["इस चित्र में {} {} है।", "{} {} कहाँ है?"]),
    "thai": (
        ["วงกลมสีแดง", "สี่เหลี่ยมเล็กสองรูป", "สะพานเก่า"],
        ["บนพื้นหลังสีเขียว", "หน้าหน้าต่าง", "ข้างถนน"],
        ["ในภาพนี้มี{} {}", "{}{}อยู่ที่ไหน"]),
    "chinese": (
        ["一个红色的圆", "两个小正方形", "一座古老的木桥", "拿着风筝的孩子"],
        ["在绿色背景上", "在窗户前面", "在自行车旁边"],
        ["这张图片里有{}{}。", "请详细描述{}{}。"]),
    "japanese": (
        ["赤い円", "二つの小さな四角", "古い木の橋", "カメラを持つ子ども"],
        ["緑の背景の上に", "窓の前に", "自転車のとなりに"],
        ["この写真には{1}{0}があります。", "{1}、{0}はどこですか？"]),
    "korean": (
        ["빨간 원", "작은 네모 두 개", "오래된 나무 다리"],
        ["초록색 배경 위에", "창문 앞에", "자전거 옆에"],
        ["이 사진에는 {1} {0}이 있습니다.", "{1} {0}은 어디에 있나요?"]),
}
EXTRA_LINES = [
    "🙂 😀 ❤️ 👍 👩‍👩‍👧 🏳️‍🌈 🇩🇪 🚲 🌊", "1234567890 3.14159 2026-11-24 100% #42", "f(x) = x^2 + 2*x - 1; return [a, b];",
    "<p>Hello &amp; goodbye</p>", "https://example.org/path?query=1&other=two", "caption en; detect circle; answer en",
    "      indented text", "a  b   c    d", "naïve café coöperate résumé Ångström", "don't they're it's \"quoted\" ‘single’ “double”",
]
MARKUP = ["<table>", "</table>", "<h1>", "</h1>", "<i>", "</i>"]


def training_lines():
    for nouns, places, frames in LANGUAGES.values():
        for noun in nouns:
            for place in places:
                for frame in frames:
                    yield frame.format(noun, place)
    yield from EXTRA_LINES * 4


def train_model(path, vocabulary_size=2000):
    """Gemma's trainer settings; runs of newlines and spaces and some markup are user-defined pieces."""
    newline_runs = ["\n" * count for count in range(1, 8)]
    space_runs = ["▁" * count for count in range(2, 9)]
    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(list(training_lines())), model_writer=buffer, model_type="bpe",
        vocab_size=vocabulary_size, character_coverage=0.9995, byte_fallback=True, split_digits=True,
        add_dummy_prefix=False, remove_extra_whitespaces=False, normalization_rule_name="identity",
        allow_whitespace_only_pieces=True, pad_id=0, eos_id=1, bos_id=2, unk_id=3, pad_piece="<pad>",
        eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>", num_threads=1, minloglevel=2,
        user_defined_symbols=["<mask>", "<start_of_turn>", "<end_of_turn>"] + newline_runs + space_runs + MARKUP)
    path.write_bytes(buffer.getvalue())


def merges_by_score(pieces, vocabulary):
    """Every split of every piece into two pieces, best score first, then longest left part first."""
    merges = []
    for piece, score in pieces:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in vocabulary and right in vocabulary:
                merges.append((score, len(left), len(right), left, right))
    merges.sort(key=lambda merge: merge[:3], reverse=True)
    return [(left, right) for *_, left, right in merges]


def convert(model_path):
    """tokenizer.json as Gemma's is structured, with <image>, some <loc> and <seg> tokens behind it."""
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model_path.read_bytes())
    pieces = [(piece.piece, piece.score) for piece in proto.pieces]
    pieces = [("\t", 0.0) if piece == "<0x09>" else (piece, score) for piece, score in pieces]
    vocabulary = {piece: index for index, (piece, _) in enumerate(pieces)}
    tokenizer = Tokenizer(BPE(
        vocab=vocabulary, merges=merges_by_score(pieces, vocabulary), unk_token="<unk>", fuse_unk=True,
        byte_fallback=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<bos> $A", pair="<bos> $A <bos>:1 $B:1", special_tokens=[("<bos>", 2)])
    special = {2: True, 3: True, 4: False}
    tokenizer.add_tokens([
        AddedToken(piece.piece, normalized=False, special=special[piece.type])
        for piece in proto.pieces if piece.type in special])
    tokenizer.add_tokens([AddedToken(f"<loc{value:04}>", normalized=True, special=False) for value in range(64)])
    tokenizer.add_tokens([AddedToken(f"<seg{value:03}>", normalized=True, special=False) for value in range(16)])
    tokenizer.add_tokens([AddedToken("<image>", normalized=False, special=True)])
    return tokenizer


def fixed_texts():
    texts = [
        "", " ", "  ", "   a", "a   ", "a b", " a b ", "\n", "\n\n", "\n\n\n\n\n\n\n\n\n\n", "a\n\nb", "\t", "\t\t", " \t \n ",
        "hello", "Hello, world!", "caption en", "caption en\n", "detect circle ; square", "answer en how many circles are there?",
        "▁", "▁▁", "a▁b", " ▁ ", "\u00a0non-breaking\u00a0space", "\r\n", "a\rb", "\v\f", "\u2028\u2029\u0085",
        "\x00", "a\x00b", "\x7f", "\uffff", "\ufffe", "\ufffd", "\U0010ffff", "\u200b", "\ufeffBOM", "\u202eRTL\u202c", "\u200fab\u200e",
        "e\u0301", "é", "A\u030a Å Å", "\u0301", "a" + "\u0301" * 40, "q\u0307\u0323", "ﬁ ﬀ ½ ² Ⅷ", "İıſK",
        "🙂", "👩‍👩‍👧‍👦", "🏳️‍🌈🇩🇪🇫", "❤️❤", "🧑🏽‍💻", "\u200d", "🙂🙃🙂 🙂", "1️⃣",
        "0123456789", "1 2 3", "3.14159265", "100000000000", "١٢٣", "१२३", "一二三",
        "<loc0000>", "<loc0063>", "<loc0064>", "<loc1023>", "<loc0000><loc0010><loc0020><loc0030> cat", " <loc0001> ", "<loc00001>",
        "<loc0001", "loc0001>", "<<loc0001>>", "<seg000><seg015>", "<seg016>", "<Loc0001>", "< loc0001>",
        "<bos>", "<eos>text<eos>", "a<bos>b", "<bos><bos>", "<pad>", "<unk>", "x<unk>y", "<image>", "<image><image>caption", "a <image> b",
        "<mask>", "<start_of_turn>user\nhi<end_of_turn>\n", "<table><h1>a</h1></table>", "<tab", "</i>x<i>", "<bos", "<<bos>>", "< bos>",
        "<0x41>", "<0x0A>", "<0xff>", "<0x", "aaaa", "aaaaaaaaaaaaaaaa", "ananananana", "the the the", "theThe THE", "   the   ",
        "one  two   three    four     five      six       seven        eight         nine          ten",
        "x" * 300, "ab" * 150, " " * 64, "\n" * 33, "é" * 100, "あ" * 50, "🙂" * 20, "a " * 100, "<loc0001>" * 20,
        "Ein süßer Hund läuft über die Brücke.", "L'été, à la plage…", "żółta łódź", "İstanbul'da köprü", "một hình tròn màu đỏ",
        "красный круг на зелёном фоне", "їжак і ґудзик", "κόκκινος κύκλος;", "دائرة حمراء على خلفية خضراء", "עיגול אדום על רקע ירוק",
        "एक लाल वृत्त", "วงกลมสีแดงบนพื้นหลังสีเขียว", "一个红色的圆在绿色背景上", "赤い円はどこですか？", "빨간 원이 있습니다", "ქართული ენა",
        "አማርኛ", "ᚠᚢᚦ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𠮷野家", "mixed русский English 中文 عربي mixed", "def f(x):\n    return x  # comment\n",
        "{\"key\": [1, 2.5, null]}", "SELECT * FROM t WHERE a = 'b';", "https://example.org/?q=a%20b&c=d#e", "C:\\path\\file.txt",
    ]
    return texts


ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz", "etaoin  ", "ETAOINabc", " \n\t", "  ▁\n", "0123456789.,-", "äöüßéèñçø", "абвгдежзийклмнопрстуё",
    "αβγδεζηθικλμνξοπρστυω", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "אבגדהוזחטיכלמנסעפצקרשת", "कखगघचछजटठडतथदनपबमयरलवसहािीुूेैोौं्",
    "กขคงจชซดตถทนบปผพฟมยรลวสหอะาิีึืุูเแโใไ", "的一是在不了有和人这中大为上个国我以要他时来用们", "あいうえおかきくけこさしすせそアイウエオカキク",
    "가나다라마바사아자차카타파하빨간원네모", "🙂😀❤️👍\u200d👩👧🏳🌈🇩🇪\ufe0f🏽", "\u0301\u0308\u0323\u200b\u200e\u200f\u202e\u00a0\u3000", "\x00\x01\x7f\u0085\uffff\ufffd\U0010ffff\U0001f9ff",
    "<>loc0123seg/bosimage", "()[]{}+-*/=!?;:'\"",
]
SNIPPETS = ["<loc0001>", "<loc0063>", "<loc0999>", "<seg003>", "<image>", "<bos>", "<eos>", "<unk>", "<pad>", "<mask>", "<start_of_turn>",
            "<table>", "</h1>", "\n\n", "   ", "▁▁", "<0x41>", "<loc", "<seg", "in this picture", "картинке", "图片里有"]


def random_text(generator):
    words = [word for line in list(training_lines())[:400:7] for word in line.split(" ")]
    parts = []
    for _ in range(generator.randint(1, 12)):
        kind = generator.random()
        if kind < 0.55:
            alphabet = generator.choice(ALPHABETS)
            parts.append("".join(generator.choice(alphabet) for _ in range(generator.randint(1, 12))))
        elif kind < 0.75:
            parts.append(generator.choice(SNIPPETS))
        elif kind < 0.95:
            parts.append(generator.choice(words))
        else:
            code = generator.randrange(0x110000)
            parts.append(chr(code) if not 0xD800 <= code < 0xE000 else "?")
        if generator.random() < 0.3:
            parts.append(" ")
    return "".join(parts)


def cases_for(texts, tokenizer, processor):
    """`ids` and the decodings are Hugging Face's, `pieces` SentencePiece's (plain text: no control tokens)."""
    plain = Tokenizer.from_str(tokenizer.to_str())
    plain.encode_special_tokens = True
    cases = []
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        case = {
            "text": text, "ids": ids, "plain": plain.encode(text, add_special_tokens=False).ids,
            "decoded": tokenizer.decode(ids, skip_special_tokens=True), "verbatim": tokenizer.decode(ids, skip_special_tokens=False)}
        if processor is not None:
            case["sentencepiece"] = processor.encode(text)
        for optional, default in (("plain", "ids"), ("sentencepiece", "ids")):
            if case.get(optional) == case[default]:
                del case[optional]
        for optional in ("verbatim", "decoded"):
            if case[optional] == text:
                del case[optional]
        cases.append(case)
    return cases


def decode_cases(tokenizer, generator, count=60):
    """Arbitrary id sequences: byte tokens out of order, specials, ids that do not exist."""
    size = tokenizer.get_vocab_size()
    byte_ids = [index for index in range(size) if (tokenizer.id_to_token(index) or "").startswith("<0x")]
    cases = []
    for _ in range(count):
        ids = [generator.choice(byte_ids) if generator.random() < 0.5 else generator.randrange(size + 3)
               for _ in range(generator.randint(0, 14))]
        cases.append({"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=True),
                      "verbatim": tokenizer.decode(ids, skip_special_tokens=False)})
    return cases


def small_tokenizer(normalizer=None, split=False, characters="ab ▁cxy.", byte_count=0, unknown="<unk>", fuse=False, tokens=(), suffix=False):
    """A tokenizer of a few pieces that shows one behaviour of the reference."""
    pieces = [unknown] if unknown else []
    pieces += [f"<0x{byte:02X}>" for byte in range(byte_count)] + list(characters)
    merges = [("a", "b"), ("a", "a"), ("aa", "a"), ("ab", "ab"), ("a", "aa"), ("▁", "a"), (" ", "a"), ("b", " "), ("▁", "▁"), ("x", "y")]
    pieces += dict.fromkeys(left + right for left, right in merges)
    model = BPE(vocab={piece: index for index, piece in enumerate(pieces)}, merges=merges, unk_token=unknown,
                fuse_unk=fuse, byte_fallback=byte_count > 0)
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if split:
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.add_tokens([AddedToken(content, **flags) for content, flags in tokens])
    if suffix:
        tokenizer.post_processor = processors.TemplateProcessing(single="a b $A x", special_tokens=[("a", 1), ("b", 2), ("x", 6)])
    return tokenizer


def variants(generator):
    """Tokenizers of a few pieces with the ids of random texts."""
    def flags(**chosen):
        return {"normalized": False, "special": False} | chosen

    replace = normalizers.Replace(" ", "▁")
    prepend = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokens = [
        ("[L]", flags(lstrip=True)), ("[R]", flags(rstrip=True)), ("[B]", flags(lstrip=True, rstrip=True, special=True)),
        ("[W]", flags(single_word=True)), ("ab.", flags(single_word=True)), ("[N]", flags(normalized=True, lstrip=True)),
        ("[M]", flags(normalized=True, single_word=True, special=True)), ("c c", flags(normalized=True)), ("c▁c", flags()),
        ("[", flags()), ("[[", flags(special=True)), ("a", flags(single_word=True, special=True)), ("é", flags(normalized=True, rstrip=True))]
    tokenizers = [
        small_tokenizer(normalizer=replace, tokens=tokens), small_tokenizer(tokens=tokens, split=True),
        small_tokenizer(normalizer=prepend, tokens=tokens, fuse=True), small_tokenizer(normalizer=prepend),
        small_tokenizer(split=True, fuse=True), small_tokenizer(normalizer=replace, split=True, byte_count=256),
        small_tokenizer(normalizer=replace, byte_count=200, fuse=True), small_tokenizer(normalizer=replace, byte_count=200),
        small_tokenizer(normalizer=replace, unknown=None), small_tokenizer(normalizer=replace, suffix=True)]
    words = [content for content, _ in tokens] + [
        " ", "  ", "\n", "\t", "\u00a0", "\u3000", "a", "aa", "aaa", "b", "ab", "abab", "c", "x", "y", "xy", ".", "z", "é", "日", "🙂", "_", "1", "\u0301",
        "\u200d", "▁", "ÿ", "]"]
    for tokenizer in tokenizers:
        texts = ["", " ", "a"] + ["".join(generator.choice(words) for _ in range(generator.randint(1, 9))) for _ in range(60)]
        yield {
            "tokenizer": tokenizer.to_str(),
            "cases": [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids,
                       "template": tokenizer.encode(text).ids} for text in texts]}


def prompt_cases(directory):
    """What PaliGemmaProcessor makes of prompts, with two image tokens per picture."""
    import logging

    from PIL import Image
    from transformers import GemmaTokenizer, PaliGemmaProcessor, SiglipImageProcessor

    logging.disable(logging.WARNING)
    tokenizer = GemmaTokenizer.from_pretrained(directory, extra_special_tokens={"image_token": "<image>"})
    image_processor = SiglipImageProcessor(size={"height": 2, "width": 2})
    image_processor.image_seq_length = 2
    processor = PaliGemmaProcessor(image_processor=image_processor, tokenizer=tokenizer)
    picture = Image.new("RGB", (2, 2))
    prompts = [
        (1, ""), (1, "caption en"), (1, "caption en\n"), (1, " caption en"), (1, "\n"), (2, "caption en"), (3, ""), (1, "<image>caption en"),
        (1, "<image> caption en"), (1, "look: <image>caption en"), (2, "<image><image>compare"), (2, "first <image> second <image> compare\n"),
        (1, "<image><bos>caption en"), (1, "<bos>caption en"), (1, "<loc0001><loc0999> x <seg127>"), (1, "describe <eos> this"), (1, "<imag>e"),
        (1, "detect красный круг ; 圆"),
    ]
    cases = []
    for count, text in prompts:
        result = processor(images=[[picture] * count], text=[text])
        cases.append({"pictures": count, "prompt": text, "ids": [int(token) for token in result["input_ids"][0]]})
    return {"image_tokens": 2, "image_id": int(processor.image_token_id), "cases": cases}


def declared(content, **flags):
    """A token as tokenizer_config.json describes it."""
    return {"content": content, "lstrip": False, "rstrip": False, "single_word": False, "normalized": False, "special": True} | flags


def side_file_sets():
    """Name, tokenizer file and the files beside it; None stands for the tokenizer's next free id."""
    typed = {"__type": "AddedToken"}
    for file, free in (("tokenizer.json", 2081), ("tokenizer.model", 2000)):
        for name in (None, "GemmaTokenizer", "GemmaTokenizerFast", "PreTrainedTokenizerFast", "TokenizersBackend", "MyOwnTokenizer"):
            yield f"class {name}", file, {"tokenizer_config.json": {"tokenizer_class": name}}
        yield "no files", file, {}
        yield "added alone", file, {"added_tokens.json": {"<b>": free, "<a>": free + 1}}
        yield "added with <image>", file, {"added_tokens.json": {"<loc0000>": 2000, "<image>": max(free - 1, 2001)}}
        for kind in ("GemmaTokenizer", "TokenizersBackend"):
            def config(**settings):
                return {"tokenizer_config.json": {"tokenizer_class": kind} | settings}

            yield "additional list", file, config(additional_special_tokens=["<a>", "<b>"])
            yield "additional objects", file, config(additional_special_tokens=[
                declared("<a>", **typed), declared("<b>", special=False, lstrip=True, **typed)])
            yield "extra list", file, config(extra_special_tokens=["<b>", "<a>", "<b>", ""])
            yield "extra object", file, config(extra_special_tokens={"second": "<b>", "first": "<a>"})
            yield "extra and additional", file, config(extra_special_tokens=["<b>"], additional_special_tokens=["<a>"])
            yield "extra empty", file, config(extra_special_tokens=[], additional_special_tokens=["<a>"])
            yield "extra null", file, config(extra_special_tokens=None, additional_special_tokens=None)
            yield "a model's own", file, config(zz_token="<b>", aa_token="<a>", image_token="<image>")
            yield "standard", file, config(cls_token="<b>", sep_token=declared("<a>", **typed), pad_token="<pad>")
            yield "existing pieces", file, config(sep_token="y", additional_special_tokens=["<mask>", "x"])
            yield "another beginning", file, config(bos_token="<a>")
            yield "no padding", file, config(pad_token=None, mask_token=None)
            decoder = {str(free): declared("<a>"), str(free + 1): declared("<b>", normalized=True, special=False)}
            yield "decoder", file, config(added_tokens_decoder=decoder)
            yield "decoder and others", file, config(
                added_tokens_decoder={str(free): declared("<a>")}, extra_special_tokens=["<b>"], sep_token="<c>") | {
                    "added_tokens.json": {"<d>": free + 1}, "special_tokens_map.json": {"cls_token": "<d>"}}
            yield "decoder with gaps", file, config(
                added_tokens_decoder={str(free + 9): declared("<a>"), str(free + 5): declared("<b>")})
            yield "decoder changes flags", file, config(added_tokens_decoder={"4": declared("<mask>", lstrip=True)})
            yield "decoder with few flags", file, config(added_tokens_decoder={str(free): {"content": "<a>"}})
            yield "added", file, config() | {"added_tokens.json": {"<b>": free + 1, "<a>": free}}
            yield "added with gaps", file, config() | {"added_tokens.json": {"<b>": free + 9, "<a>": free + 3}}
            yield "added and listed", file, config(additional_special_tokens=["<a>"]) | {
                "added_tokens.json": {"<b>": free, "<a>": free + 1}}
            yield "map", file, config() | {"special_tokens_map.json": {
                "sep_token": "<b>", "pad_token": declared("<a>"), "bos_token": "<bos>", "image_token": "<image>"}}
            yield "map of lists", file, config() | {"special_tokens_map.json": {"additional_special_tokens": ["<a>", "<b>"]}}
            yield "map of objects", file, config() | {"special_tokens_map.json": {"extra_special_tokens": {"own": "<a>"}}}
            yield "map and list", file, config(additional_special_tokens=["<a>"]) | {
                "special_tokens_map.json": {"additional_special_tokens": ["<b>"]}}


SIDE_FILE_TEXTS = ["x<a>y <b>c", "<image><bos>q<loc0001>\n", "a <mask>b<c><d>", "xy  <a> <b>"]


def side_file_cases(directory):
    """Ids that AutoTokenizer gives with files beside a tokenizer, alone and after PaliGemma's processor has added its
    tokens, and what it decodes without special tokens."""
    import logging
    import shutil
    import tempfile

    from transformers import AutoTokenizer, PaliGemmaProcessor
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    logging.disable(logging.WARNING)
    for name, file, files in side_file_sets():
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(directory / file, folder)
            for side, content in ({"config.json": {"model_type": "paligemma"}} | files).items():
                Path(folder, side).write_text(json.dumps(content))
            tokenizer = AutoTokenizer.from_pretrained(folder)
        row = {"name": f"{name}, {file}", "tokenizer": file, "files": {key: json.dumps(files[key]) for key in files}}
        row["ids"] = [tokenizer(text, add_special_tokens=False).input_ids for text in SIDE_FILE_TEXTS]
        image_processor = SiglipImageProcessorPil(size={"height": 2, "width": 2})
        image_processor.image_seq_length = 2
        PaliGemmaProcessor(image_processor=image_processor, tokenizer=tokenizer)
        processed = [tokenizer(text, add_special_tokens=False).input_ids for text in SIDE_FILE_TEXTS]
        row["processed"] = processed
        row["decoded"] = [tokenizer.decode(ids, skip_special_tokens=True) for ids in processed]
        yield row


def sampler_cases(generator):
    """The ids that temperature, top-k and top-p leave, with their probabilities, for random logits."""
    import torch
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    cases = []
    settings = [(1.0, 0, 1.0), (0.7, 0, 1.0), (1.0, 5, 1.0), (1.0, 1, 1.0), (1.0, 100, 1.0), (1.0, 0, 0.9), (1.0, 0, 0.3), (1.0, 0, 0.01),
                (0.5, 8, 0.8), (2.0, 8, 0.8), (1.5, 3, 0.5), (0.1, 0, 0.95), (1.0, 4, 0.99)]
    for temperature, top_k, top_p in settings:
        # Which of several equal logits top-p drops is not defined in PyTorch: its sort is not stable.
        for tied in (False, True) if top_p == 1 else (False, False):
            logits = [generator.gauss(0, 2) for _ in range(24)]
            if tied:
                logits = [float(round(value)) for value in logits]
            scores = torch.tensor([logits], dtype=torch.float32)
            scores = TemperatureLogitsWarper(temperature)(None, scores)
            if top_k:
                scores = TopKLogitsWarper(top_k)(None, scores)
            if top_p < 1:
                scores = TopPLogitsWarper(top_p)(None, scores)
            probabilities = torch.softmax(scores.double(), -1)[0].tolist()
            cases.append({
                "temperature": temperature, "top_k": top_k, "top_p": top_p,
                "logits": torch.tensor(logits, dtype=torch.float32).tolist(),
                "kept": [index for index, value in enumerate(probabilities) if value > 0],
                "probabilities": [value for value in probabilities if value > 0]})
    return cases


def write_lines(path, rows):
    """A JSON array with one element per line."""
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def load(directory):
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    model = directory / "tokenizer.model"
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model)) if model.exists() else None
    return tokenizer, processor


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="print cases for this directory's tokenizer")
    parser.add_argument("--random", type=int, default=0, help="this many random strings instead of the fixed list")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    generator = random.Random(options.seed)
    if options.model:
        texts = [random_text(generator) for _ in range(options.random)] or fixed_texts()
        json.dump(cases_for(texts, *load(options.model)), sys.stdout, ensure_ascii=False)
        return
    directory = OUTPUT / "multilingual"
    directory.mkdir(parents=True, exist_ok=True)
    train_model(directory / "tokenizer.model")
    convert(directory / "tokenizer.model").save(str(directory / "tokenizer.json"), pretty=False)
    tokenizer, processor = load(directory)
    texts = fixed_texts() + [random_text(generator) for _ in range(160)]
    write_lines(OUTPUT / "encoding.json", cases_for(texts, tokenizer, processor))
    write_lines(OUTPUT / "decoding.json", decode_cases(tokenizer, generator))
    write_lines(OUTPUT / "variants.json", variants(random.Random(2)))
    (OUTPUT / "prompts.json").write_text(json.dumps(prompt_cases(directory), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    write_lines(OUTPUT / "side_files.json", [SIDE_FILE_TEXTS, *side_file_cases(directory)])
    write_lines(OUTPUT / "sampling.json", sampler_cases(generator))


if __name__ == "__main__":
    main()
